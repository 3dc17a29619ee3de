"""Counts and stack against code whose instructions were counted by hand, and against the emulated clock."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlforge.errors import BuildError, RunError
from mlforge.measure.cost import measure_cost
from mlforge.measure.cycles import CycleModel
from mlforge.targets import counting, qemu
from mlforge.targets.baremetal import BaremetalTarget
from mlforge.targets.boards import BOARDS, Board
from mlforge.targets.emulated import spare_memory
from tests import programs
from tests.programs.require import require

ONE = np.zeros((1, 4), np.int8)
LOOP, STACK = 202, 5  # see tests/programs/counted.c


@pytest.fixture(params=BOARDS.values(), ids=lambda board: board.name)
def target(request: pytest.FixtureRequest) -> BaremetalTarget:
    target = BaremetalTarget(request.param, timeout_s=20)
    require(target)
    return target


def test_counts_are_those_counted_by_hand(target: BaremetalTarget) -> None:
    profile = target.profile(target.build(programs.counted()), ONE)
    (window,) = profile.inferences
    glue = 7 if target.board.core.family == "riscv" else 4
    assert [window.operator_instructions(operator) for operator in (-1, 0, 1)] == [glue, LOOP, STACK]
    assert window.instructions == glue + LOOP + STACK


def test_taken_branches_are_those_counted_by_hand(target: BaremetalTarget) -> None:
    (window,) = target.profile(target.build(programs.counted()), ONE).inferences
    assert sum(block.taken for block in window.blocks if block.operator == 0) == 99 + 1  # round again, and the return


def test_counts_survive_blocks_that_are_cut_at_pages(target: BaremetalTarget) -> None:
    """QEMU ends a block of instructions at a page's end, and at a few hundred of them."""
    program = programs.counted()
    longer = program.sources["counted.c"].replace('"nop\\n\\t"', '".rept 3000\\n\\tnop\\n\\t.endr\\n\\t"')
    firmware = target.build(replace(program, sources={**program.sources, "counted.c": longer}))
    (window,) = target.profile(firmware, ONE).inferences
    assert window.operator_instructions(1) == STACK + 2999
    assert sum(block.taken for block in window.blocks if block.operator == 1) == 1


def test_stack_is_what_the_code_takes(target: BaremetalTarget) -> None:
    frame = 16 if target.board.core.family == "riscv" else 8
    assert target.profile(target.build(programs.counted()), ONE).stack_bytes == 400 + frame


def test_cycles_of_a_loop_by_the_manual() -> None:
    target = BaremetalTarget(BOARDS["mps2/an386"])
    require(target)
    firmware = target.build(programs.counted())
    cost = measure_cost(target, firmware, ONE, 100_000_000)
    # movs 1; 100 times subs 1 and bne 1, of which 99 taken add 2; bx 1 and 2
    assert cost.operators[0].cycles == 1 + 100 * 2 + 99 * 2 + 3
    # sub 1, str 1, nop 1, add 1, bx 1 and 2
    assert cost.operators[1].cycles == 4 + 3
    # push 1+2, two bl of 1 and 2, pop 1+2 and 2
    assert cost.cycles == cost.operators[0].cycles + cost.operators[1].cycles + 3 + 3 + 3 + 5
    assert cost.latency_us == pytest.approx(cost.cycles / 100)
    assert "estimated" in cost.method
    assert CycleModel(firmware.elf, "cortex-m4").timing.source in cost.method


def test_counts_agree_with_the_emulated_clock(tmp_path: Path) -> None:
    """-icount shift=0: an instruction takes 1 ns, and SysTick at 25 MHz sees each 40th."""
    target = BaremetalTarget(BOARDS["mps2/an386"])
    require(target)
    firmware = target.build(programs.wide())
    inputs = np.zeros((1, 8000), np.int8)
    (window,) = target.profile(firmware, inputs).inferences
    ticks = _ticks(target.board, firmware.elf, inputs.tobytes(), tmp_path)
    assert window.instructions > 20_000
    assert abs(ticks * 40 - window.instructions) <= 3 * 40


def _ticks(board: Board, elf: Path, data: bytes, place: Path) -> int:
    file = place / "vectors"
    file.write_bytes(data)
    preload = qemu.Preload(file, spare_memory(elf).origin)
    with qemu.running(board, elf, preload=preload, options=qemu.COUNTED) as client:
        return client.batch(1, 2).ticks


def test_more_vectors_than_the_spare_memory_holds() -> None:
    target = BaremetalTarget(BOARDS["bbc_microbit"])
    require(target)
    firmware = target.build(programs.tiny())
    count = spare_memory(firmware.elf).bytes // 4 + 10
    inputs = np.random.default_rng(0).integers(-128, 128, (count, 4)).astype(np.int8)
    np.testing.assert_array_equal(target.infer(firmware, inputs).outputs, programs.tiny_outputs(inputs))


def test_an_operator_without_a_function_is_refused() -> None:
    target = BaremetalTarget(BOARDS["mps2/an386"])
    require(target)
    program = programs.tiny()
    absent = replace(program.operators[0], symbol="tiny_op9_absent")
    firmware = target.build(replace(program, operators=(absent, program.operators[1])))
    with pytest.raises(BuildError, match="tiny_op9_absent"):
        target.profile(firmware, ONE)


def test_damaged_and_cut_counts_are_refused() -> None:
    target = BaremetalTarget(BOARDS["mps2/an386"])
    require(target)
    firmware = target.build(programs.tiny())
    image = counting.functions(firmware.elf)
    for text in ("B 0 0 2 1\nW 1\nC 3 0 5 1\n", "C 3 0 5 1\nE\n", "W 1\nC x\nE\n", "B 0 zz 2 1\nE\n", "W 7\nE\n"):
        with pytest.raises(RunError):
            counting.read_counts(text, image, firmware.program)
    assert counting.read_counts("E\n", image, firmware.program).inferences == ()
