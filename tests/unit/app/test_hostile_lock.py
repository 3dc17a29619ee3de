"""`mlforge.lock.yaml` after somebody has edited it: each ends as a ForgeError with a sentence, in little time."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mlforge.app.build_step import app_sources
from mlforge.app.lockfile import LOCK_NAME, MAX_LOCK_BYTES, check_against_lock, locked_model, read_lock, write_lock
from mlforge.errors import ForgeError, LockError
from tests.programs.locked_app import locked_app
from tests.unit.report import factory


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return locked_app(tmp_path / "app")


def edit(app: Path, pattern: str, replacement: str) -> None:
    path = app / LOCK_NAME
    text, count = re.subn(pattern, lambda _: replacement, path.read_text(encoding="utf-8"), count=1, flags=re.MULTILINE)
    assert count == 1, pattern
    path.write_text(text, encoding="utf-8")


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    lock = factory.lock(factory.trained(3), factory.study(5))
    write_lock(tmp_path, lock)
    assert read_lock(tmp_path) == lock


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + step)}: &{chr(98 + step)} [{', '.join(['*' + chr(97 + step)] * 9)}]\n" for step in range(9)
)
FILES: dict[str, tuple[bytes, str]] = {
    "aliases that multiply": (BOMB.encode(), "no anchors"),
    "contains itself": (b"&a [*a]\n", "no anchors"),
    "nested": (b"[" * 100_000, "levels of nesting"),
    "nested mappings": (b"{a: " * 100_000, "levels of nesting"),
    "a Python object": (b"!!python/object/apply:os.system [ls]\n", "tags are not accepted"),
    "binary": (b"\xff\xfe\x00", "0xff is not UTF-8"),
    "a zero": (b"format: 1\0", "U\\+0000"),
    "twice": (b"format: 1\nformat: 1\n", "each key once"),
    "a list as a key": (b"? [a]\n: 1\n", "as a key"),
    "a long number": (b"format: " + b"9" * 100_000, "expected 1"),
    "an impossible date": (b"format: 2020-99-99", "expected 1"),
    "empty": (b"", "format None, expected 1"),
    "a list": (b"- 1\n", "format None, expected 1"),
    "enormous": (b"#" + b"x" * MAX_LOCK_BYTES, "more than 1024 KiB"),
    "not YAML": (b"format: [1\n", "valid YAML"),
}


@pytest.mark.parametrize("case", sorted(FILES))
def test_refuses_what_is_no_lock(case: str, tmp_path: Path) -> None:
    data, words = FILES[case]
    (tmp_path / LOCK_NAME).write_bytes(data)
    start = time.monotonic()
    with pytest.raises(LockError, match=words):
        read_lock(tmp_path)
    assert time.monotonic() - start < 10


def test_refuses_a_directory(tmp_path: Path) -> None:
    (tmp_path / LOCK_NAME).mkdir()
    with pytest.raises(LockError, match="cannot be read"):
        read_lock(tmp_path)


PATHS = {
    "up": ("../other.tflite", "outside the app"),
    "absolute": ("/etc/passwd", "outside the app"),
    "a zero in it": ('"model/\\0"', "null byte"),
    "the app itself": (".", "not a file"),
    "long": ("x" * 5000, "cannot be read"),
    "missing": ("model/none.tflite", "cannot be read"),
    "a number": ("17", "expected str"),
}


@pytest.mark.parametrize("case", sorted(PATHS))
def test_model_paths(case: str, app: Path) -> None:
    path, words = PATHS[case]
    edit(app, r"path: .*?(?=, sha256|$)", f"path: {path}")
    with pytest.raises(LockError, match=words):
        locked_model(app, read_lock(app))
    if case != "a number":
        check_against_lock(app / "model" / "unnamed.tflite", b"")  # a model that this lock does not name


def test_model_that_is_a_pipe_or_a_link_to_elsewhere(app: Path, tmp_path: Path) -> None:
    model = app / "model" / "activity.tflite"
    data = model.read_bytes()
    model.unlink()
    os.mkfifo(model)
    with pytest.raises(LockError, match="not a file"):
        locked_model(app, read_lock(app))
    model.unlink()
    (tmp_path / "other").write_bytes(data)
    model.symlink_to(tmp_path / "other")
    with pytest.raises(LockError, match="outside the app"):
        locked_model(app, read_lock(app))
    model.unlink()
    model.symlink_to(model)
    with pytest.raises(LockError, match=r"cannot be read|outside"):
        locked_model(app, read_lock(app))


EDITS: dict[str, tuple[str, str]] = {
    "a type": (r"^format: \d", "format: yes"),
    "no digest": (r"sha256: \w+", "sha256: 12"),
    "another digest": (r"sha256: \w+", "sha256: " + "0" * 64),
    "an unknown key": (r"^name:", "surprise: 1\nname:"),
    "another name": (r"^name: .*", 'name: "x; int y"'),
    "a negative channel count": (r"channels: \d+", "channels: -1"),
    "an enormous window": (r"length: \d+", "length: 999999999999999999"),
    "infinite": (r"length: \d+", "length: 1e999"),
    "not a number": (r"length: \d+", "length: .nan"),
    "an enormous shift": (r"input_frac_bits: -?\d+", "input_frac_bits: 4000000000"),
}


@pytest.mark.parametrize("case", sorted(EDITS))
def test_edited_values(case: str, app: Path) -> None:
    edit(app, *EDITS[case])
    with pytest.raises(ForgeError) as caught:
        app_sources(app)
    assert len(str(caught.value)) > 20


def test_unedited_app_builds(app: Path) -> None:
    make: Callable[[Path], object] = app_sources
    assert make(app)


@pytest.mark.parametrize("sample", ["activity", "hello_model"])
def test_the_samples_locks_build_without_training(sample: str) -> None:
    directory = Path(__file__).parents[3] / "samples" / sample
    lock = read_lock(directory)
    assert locked_model(directory, lock)
    assert app_sources(directory)


def test_a_lock_of_a_later_format_is_refused(app: Path) -> None:
    edit(app, r"^format: \d", "format: 3")
    with pytest.raises(LockError, match="format 3, expected 1 or 2"):
        read_lock(app)
