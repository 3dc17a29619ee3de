"""The C of firmware, ports and plugin compiles without a warning, with everything turned on."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlforge.targets.baremetal import BaremetalTarget
from mlforge.targets.boards import BOARDS, Board
from mlforge.targets.firmware_build import firmware_sources
from mlforge.targets.host import HostTarget
from mlforge.toolchain.host import compiler
from mlforge.toolchain.process import run
from mlforge.toolchain.sources import root
from tests import programs
from tests.programs.require import require

STRICT = ("-std=c11", "-O2", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror")
INCLUDES = [f"-I{root() / place}" for place in ("runtime/include", "firmware", "ports/baremetal")]


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.name)
def test_firmware_is_free_of_warnings(board: Board, tmp_path: Path) -> None:
    require(BaremetalTarget(board))
    defines = [f"-DMLFORGE_UART_BASE={board.uart_base:#x}U", f"-DMLFORGE_CLOCK_HZ={board.clock_hz}U"]
    for source in firmware_sources(board):
        flags = [*board.core.flags, *board.core.library_flags, *STRICT, *INCLUDES, *defines]
        done = run([board.core.compiler, *flags, "-c", source, "-o", tmp_path / "out.o"], timeout_s=60)
        assert done.status == 0, done.output


PLUGINS = tuple(str(path.relative_to(root())) for path in sorted((root() / "ports" / "qemu-plugin").glob("*.c")))


@pytest.mark.parametrize("source", ["ports/host/main.c", *PLUGINS])
def test_host_code_is_free_of_warnings(source: str, tmp_path: Path) -> None:
    require(HostTarget())
    flags = [*STRICT, *INCLUDES, "-fPIC", "-DMLFORGE_PLUGIN_API=1"]
    done = run([compiler(), *flags, "-c", root() / source, "-o", tmp_path / "out.o"], timeout_s=60)
    assert done.status == 0, done.output


def test_images_are_the_same_bytes_wherever_they_are_built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    target = BaremetalTarget(BOARDS["mps2/an386"])
    require(target)
    images = []
    for place in ("one", "another/place"):
        monkeypatch.setenv("MLFORGE_CACHE", str(tmp_path / place))
        firmware = target.build(programs.windowed())
        assert firmware.build_seconds.keys() == {"shared", "compile", "link"}
        assert firmware.baseline_elf is not None
        images.append((firmware.elf.read_bytes(), firmware.baseline_elf.read_bytes()))
    assert images[0] == images[1]
