"""The measuring firmware on Zephyr's boards: what it counts, what its build decides, and how it fails."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mlforge.app.run_model import run_model
from mlforge.cli.main import main
from mlforge.errors import RunError
from mlforge.measure.cost import measure_cost
from mlforge.measure.elf_image import read_image
from mlforge.measure.footprint import footprint
from mlforge.records.categories import Category, Part
from mlforge.targets.registry import target_named
from mlforge.targets.zephyr import ZephyrTarget
from mlforge.targets.zephyr_boards import ZEPHYR_BOARDS
from mlforge.targets.zephyr_build import Application, build_directory
from tests import programs
from tests.programs.locked_app import tiny_tflite
from tests.programs.require import unasked
from tests.zephyr.workspace import Workspace, boards

pytestmark = [pytest.mark.zephyr, pytest.mark.usefixtures("need_toolchain")]
EMPTY_APP = """\
cmake_minimum_required(VERSION 3.20.0)
find_package(Zephyr REQUIRED HINTS $ENV{ZEPHYR_BASE})
project(empty)
target_sources(app PRIVATE main.c)
"""


@pytest.mark.parametrize(
    "board", boards("qemu_cortex_m0", "qemu_cortex_m3", "mps2/an500", "mps2/an521/cpu0", "qemu_riscv32")
)
def test_a_board_counts_and_computes(zephyr: Workspace, board: str) -> None:
    target = target_named(f"zephyr:{board}")
    if "hal_nordic" in str(target.unavailable()):
        unasked(str(target.unavailable()))  # of all boards here, one needs a module that many leave out
    firmware = target.build(programs.tiny())
    inputs = np.random.default_rng(0).integers(-128, 128, (50, 4)).astype(np.int8)
    np.testing.assert_array_equal(target.infer(firmware, inputs).outputs, programs.tiny_outputs(inputs))
    cost = measure_cost(target, firmware, inputs[:2], 1_000_000)
    assert cost.instructions
    assert cost.stack_bytes > 0
    assert cost.flash.total == cost.flash.code > 0  # its weights are in the instructions
    assert cost.ram.arena == 32


@pytest.mark.parametrize("board", boards("mps2/an386"))
def test_a_model_costs_what_it_does_without_zephyr(zephyr: Workspace, board: str) -> None:
    """Not to the instruction: the generated code is compiled as the application is (-Os here, -O2 there), and memory is
    copied by another C library."""
    with_zephyr, without = (
        run_model(tiny_tflite(), "tiny", target_named(name), 80_000_000).cost for name in (f"zephyr:{board}", board)
    )
    assert with_zephyr is not None
    assert without is not None
    assert with_zephyr.instructions == pytest.approx(without.instructions, rel=0.05)
    assert with_zephyr.flash.weights == without.flash.weights
    assert with_zephyr.flash.total == pytest.approx(without.flash.total, rel=0.05)
    assert with_zephyr.ram == without.ram


@pytest.mark.parametrize("board", boards("mps2/an386"))
def test_totals_are_those_of_zephyrs_own_reports(zephyr: Workspace, board: str) -> None:
    target_named(f"zephyr:{board}").build(programs.tiny())
    directory = build_directory(board, None)
    found = footprint(directory / "zephyr" / "zephyr.elf")
    totals = {}
    for report in ("rom_report", "ram_report"):
        done = zephyr.ninja(directory, report)
        assert done.returncode == 0, done.stdout[-2000:]
        totals[report] = int(done.stdout.split()[-1])
    # Zephyr's report counts what lies in flash and is marked as writable as RAM: the table of the interrupts, the
    # template of what each thread has of its own.
    by_flags = read_image(directory / "zephyr" / "zephyr.elf")
    assert by_flags.ram_bytes == totals["ram_report"]
    tables = [section.size_bytes for section in by_flags.sections if section.name in ("sw_isr_table", "tbss")]
    assert found.ram_bytes == by_flags.ram_bytes - sum(tables)
    unwinding = found.flash_bytes - totals["rom_report"]
    assert 0 <= unwinding <= 16, "more than .ARM.exidx"
    assert found.flash_parts[Part.MEASURING] > 0
    assert found.flash_parts[Part.KERNEL] > found.flash_parts[Part.APPLICATION]
    assert abs(found.unnamed_flash_bytes) < 300
    for bytes_, owned, parts, unnamed in (
        (found.flash_bytes, found.flash, found.flash_parts, found.unnamed_flash_bytes),
        (found.ram_bytes, found.ram, found.ram_parts, found.unnamed_ram_bytes),
    ):
        own = sum(size for category, size in owned.items() if category is not Category.APPLICATION)
        assert own + sum(parts.values()) + unnamed == bytes_


@pytest.mark.parametrize("board", boards("mps3/corstone300/an547"))
def test_vectors_need_the_builds_floating_point(zephyr: Workspace, board: str, tmp_path: Path) -> None:
    isas = []
    for name, lines in (("plain", ""), ("vectors", "CONFIG_FPU=y\nCONFIG_FP_HARDABI=y\n")):
        app = _app(tmp_path / name, lines)
        isas.append(ZephyrTarget(ZEPHYR_BOARDS[board], Application(app)).isa)
    assert isas == ["dsp", "mve"]


@pytest.mark.parametrize("board", boards("mps2/an386"))
def test_a_crash_is_told_with_its_place(zephyr: Workspace, board: str) -> None:
    target = target_named(f"zephyr:{board}")
    firmware = target.build(programs.broken())
    with pytest.raises(RunError, match=r"crashed: \[Zephyr's fatal error \d+ pc=0x"):
        target.infer(firmware, np.array([[1, 0, 0, 0]], np.int8))


@pytest.mark.parametrize("board", boards("mps2/an386"))
def test_the_command_measures_in_an_application(
    zephyr: Workspace, board: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app, model = _app(tmp_path / "app", ""), tmp_path / "tiny.tflite"
    model.write_bytes(tiny_tflite())
    words = ["run", str(model), "--target", f"zephyr:{board}", "--app", str(app), "--json"]
    assert main(words) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["target"] == f"zephyr:{board}"
    assert document["instructions"] >= sum(one["instructions"] for one in document["operators"]) > 0
    assert (app / ".mlforge" / ".gitignore").read_text() == "*\n"
    assert main([*words[:-2], str(tmp_path), "--json"]) == 1
    assert "not a Zephyr application" in capsys.readouterr().err


def _app(directory: Path, configuration: str) -> Path:
    directory.mkdir()
    (directory / "CMakeLists.txt").write_text(EMPTY_APP)
    (directory / "prj.conf").write_text(configuration)
    (directory / "main.c").write_text("int main(void)\n{\n\treturn 0;\n}\n")
    return directory
