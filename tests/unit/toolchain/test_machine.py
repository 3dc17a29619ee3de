"""Failures of the machine in one sentence, and places to write where the usual ones are missing."""

from __future__ import annotations

import errno
import os
import pwd
import tempfile
from pathlib import Path

import pytest

from mlforge.errors import BuildError, MachineError, StudyError, ToolError
from mlforge.toolchain.machine import machine_failure, settle_temporary_files
from mlforge.toolchain.sources import cache_directory


def chained(outer: Exception, inner: Exception) -> Exception:
    outer.__cause__ = inner
    return outer


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/full/x"), "/full/x: no space left on device"),
        (OSError(errno.EDQUOT, "Disk quota exceeded", "/q"), "quota"),
        (OSError(errno.EROFS, "Read-only file system", "/r"), "read-only"),
        (chained(RuntimeError("x"), OSError(errno.ENOSPC, "No space left on device")), "no space"),
        (
            BuildError("gcc refused a.c", log="a.c: fatal error: /tmp/cc: No space left on device"),
            "gcc refused a.c: no",
        ),
        (chained(StudyError("cannot store"), RuntimeError("(sqlite3) database or disk is full")), "disk is full"),
        (FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"), "temporary files"),
        (MachineError("no worker starts"), "no worker starts"),
    ],
)
def test_the_machines_failures(error: Exception, words: str) -> None:
    found = machine_failure(error)
    assert found is not None
    assert words in found.message and "\n" not in found.message


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        FileNotFoundError(errno.ENOENT, "No such file", "x"),
        BuildError("gcc refused a.c", log="undefined reference to `f'"),
        ToolError("x was still running"),
    ],
)
def test_other_failures_are_none_of_them(error: Exception) -> None:
    assert machine_failure(error) is None


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A user whom the machine does not know, with nothing but a directory for temporary files."""
    for name in ("MLFORGE_CACHE", "XDG_CACHE_HOME", "HOME", "USERPROFILE"):
        monkeypatch.delenv(name, raising=False)

    def unknown(_: int) -> None:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_without_a_home_builds_go_to_a_directory_of_ones_own(bare: Path) -> None:
    place = cache_directory()
    assert place == bare / f"mlforge-{os.getuid()}"
    assert place.stat().st_mode & 0o777 == 0o700
    assert cache_directory() == place


def test_nobody_elses_directory_is_used(bare: Path) -> None:
    """What is built there is run: whoever could write it could run anything as this user."""
    place = bare / f"mlforge-{os.getuid()}"
    place.mkdir()
    place.chmod(0o777)
    with pytest.raises(ToolError, match="not this user's own") as caught:
        cache_directory()
    assert "MLFORGE_CACHE" in caught.value.hint
    place.rmdir()
    place.symlink_to(bare)
    with pytest.raises(ToolError, match="not this user's own"):
        cache_directory()


def test_a_home_that_is_none_is_as_good_as_none(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(bare / "file"))
    (bare / "file").touch()
    assert cache_directory().parent == bare


def test_temporary_files_go_to_the_cache_where_nothing_else_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> str:
        if "TMPDIR" in os.environ:
            return os.environ["TMPDIR"]
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setenv("MLFORGE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(tempfile, "gettempdir", none)
    monkeypatch.setattr(tempfile, "tempdir", None)
    settle_temporary_files()
    assert os.environ.pop("TMPDIR") == str(tmp_path / "cache")
    assert (tmp_path / "cache").is_dir()
