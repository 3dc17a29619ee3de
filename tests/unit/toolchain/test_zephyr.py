"""Finding a Zephyr workspace, and what is said where there is none that can be used. The workspaces here are empty
shells; tests/zephyr builds in a real one."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from mlforge.errors import BuildError, ToolError
from mlforge.toolchain import zephyr
from mlforge.toolchain.process import Finished
from mlforge.toolchain.zephyr import Workspace, ZephyrBuild, toolchain_settings, workspace, zephyr_version

VERSION = "VERSION_MAJOR = {}\nVERSION_MINOR = {}\nPATCHLEVEL = {}\nVERSION_TWEAK = 0\nEXTRAVERSION =\n"


def shell(place: Path, version: tuple[int, int, int] = (4, 1, 0)) -> Path:
    """What is looked for in a workspace, and nothing else."""
    base = place / "zephyr"
    (base / "share" / "zephyr-package").mkdir(parents=True)
    (base / "VERSION").write_text(VERSION.format(*version))
    (place / ".west").mkdir()
    (place / ".west" / "config").write_text("")
    return base


@pytest.fixture(autouse=True)
def _nothing_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("ZEPHYR_BASE", "ZEPHYR_TOOLCHAIN_VARIANT", "ZEPHYR_SDK_INSTALL_DIR", "CROSS_COMPILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(zephyr, "find", lambda tool: Path("/usr/bin") / tool)
    monkeypatch.setattr(zephyr, "_python", lambda: "/usr/bin/python3")


def test_the_environment_goes_before_the_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    near, named = shell(tmp_path / "near"), shell(tmp_path / "named", (3, 7, 0))
    app = tmp_path / "near" / "apps" / "mine"
    app.mkdir(parents=True)
    assert workspace(app).base == near
    monkeypatch.setenv("ZEPHYR_BASE", str(named))
    assert (workspace(app).base, workspace(app).version) == (named, (3, 7, 0))


def test_cmakes_registry_is_the_last_resort(tmp_path: Path) -> None:
    base = shell(tmp_path / "elsewhere")
    registry = tmp_path / "home" / ".cmake" / "packages" / "Zephyr"
    registry.mkdir(parents=True)
    (registry / "a").write_text("rubbish")
    (registry / "b").write_text(f"{base}/share/zephyr-package/cmake\n")
    assert workspace(tmp_path).base == base


def test_no_workspace(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="no Zephyr workspace found") as caught:
        workspace(tmp_path)
    assert "west zephyr-export" in caught.value.hint


def test_an_old_zephyr(tmp_path: Path) -> None:
    shell(tmp_path, (3, 6, 9))
    with pytest.raises(ToolError, match=r"Zephyr 3\.6\.9 in .* is too old") as caught:
        workspace(tmp_path)
    assert "3.7.0 or newer" in caught.value.hint


@pytest.mark.parametrize("text", ["", "VERSION_MAJOR = x\n", "\xff"])
def test_a_damaged_version(tmp_path: Path, text: str) -> None:
    base = shell(tmp_path)
    (base / "VERSION").write_bytes(text.encode("latin-1"))
    with pytest.raises(ToolError, match="VERSION"):
        zephyr_version(base)


def test_missing_tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shell(tmp_path)
    monkeypatch.setattr(zephyr, "find", lambda tool: None if tool == "dtc" else Path("/usr/bin") / tool)
    with pytest.raises(ToolError, match="dtc not installed"):
        workspace(tmp_path)


@pytest.mark.parametrize(
    ("variant", "board", "usable"),
    [("", "qemu_cortex_m3", False), ("gnuarmemb", "mps2/an385", True), ("gnuarmemb", "qemu_riscv32", False)],
)
def test_toolchains(monkeypatch: pytest.MonkeyPatch, variant: str, board: str, usable: bool) -> None:
    monkeypatch.setenv("ZEPHYR_TOOLCHAIN_VARIANT", variant)
    assert (toolchain_settings(board) is not None) is usable
    assert toolchain_settings("native_sim") == ("-DZEPHYR_TOOLCHAIN_VARIANT=host",)


def test_a_board_without_a_toolchain(tmp_path: Path) -> None:
    base = shell(tmp_path)
    with pytest.raises(ToolError, match="no toolchain for mps2/an385"):
        Workspace(base, (4, 1, 0), "python3").build(ZephyrBuild(tmp_path, tmp_path / "build", "mps2/an385"))


def test_two_builds_at_once(tmp_path: Path) -> None:
    base, directory = shell(tmp_path), tmp_path / "build"
    directory.mkdir()
    with (directory / ".mlforge-lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(ToolError, match="another build is under way"):
            Workspace(base, (4, 1, 0), "python3").build(ZephyrBuild(tmp_path, directory, "native_sim"))


def test_what_the_compiler_said_and_not_what_a_file_is_called(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    log = (
        "[39/494] Building C object zephyr/arch/CMakeFiles/core.dir/fatal.c.obj\n"
        "FAILED: modules/tables.c.obj\n"
        "ccache /usr/bin/arm-none-eabi-gcc -Wfatal-errors -c error.c\n"
        "/modules/tables.c:29:10: fatal error: specific.h: No such file or directory\n"
        "ninja: build stopped: subcommand failed.\n"
    )
    monkeypatch.setattr(Workspace, "_configure", lambda *arguments: None)
    monkeypatch.setattr(Workspace, "ninja", lambda *arguments, **options: Finished(1, log, 0.0))
    with pytest.raises(BuildError) as refused:
        Workspace(tmp_path, (4, 1, 0), "python3").build(ZephyrBuild(tmp_path, tmp_path / "build", "native_sim"))
    assert refused.value.message.endswith(
        ": /modules/tables.c:29:10: fatal error: specific.h: No such file or directory"
    )
    assert refused.value.log == log


def test_other_images_of_a_build_find_zephyrs_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """sysbuild tells MCUboot of no Python, which then is the first that PATH has."""
    monkeypatch.setenv("PATH", "/usr/bin")
    found = Workspace(tmp_path, (4, 1, 0), "/home/me/venv/bin/python3").environment()["PATH"]
    assert found == os.pathsep.join(("/home/me/venv/bin", "/usr/bin"))
    assert Workspace(tmp_path, (4, 1, 0), "python3").environment()["PATH"] == "/usr/bin"
