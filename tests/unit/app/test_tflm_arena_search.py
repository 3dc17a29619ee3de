"""The search for an arena's size against interpreters that behave well, badly, and not at all."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mlforge.app.tflm_arena_search import FoundArena, find_arena
from mlforge.app.tflm_arenas import Machine
from mlforge.compiler.isa import Isa
from mlforge.errors import BuildError, ImageTooLargeError, RunError
from mlforge.records.program import Engine, Firmware, Program
from mlforge.targets.target import Inference
from tests.programs.locked_app import tiny_tflite

REFUSAL = "the firmware crashed: TensorFlow Lite Micro cannot run net: AllocateTensors failed"


@dataclass
class Board:
    """A board with room for arenas of `room_bytes`, on which a model takes `needed_bytes`, and says `used_bytes`."""

    used_bytes: int
    needed_bytes: int
    room_bytes: int = 1 << 20
    complaint: str = REFUSAL
    folded: bool = False  # the compiler knew the size: it cannot be changed afterwards
    built: list[int] = field(default_factory=list)
    tried: list[int] = field(default_factory=list)

    name: str = "zephyr:some"
    isa: str = "dsp"
    architecture: str = "arm"

    def build(self, program: Program) -> Firmware:
        assert re.search(rf"ARENA_BYTES {program.arena_bytes}$", program.sources["net_model.h"], re.MULTILINE)
        self.built.append(program.arena_bytes)
        if program.arena_bytes > self.room_bytes:
            over = program.arena_bytes - self.room_bytes
            raise ImageTooLargeError(f"the image does not fit some: it is {over} bytes too large for RAM")
        return Firmware(self.name, "cortex-m4", Path(), None, program)

    def infer(self, firmware: Firmware, inputs: NDArray[np.int8]) -> Inference:
        self._set_up(firmware)
        return Inference(inputs[:, : firmware.program.output_bytes], 0)

    def arena_used_bytes(self, firmware: Firmware) -> int:
        self._set_up(firmware)
        return self.used_bytes

    def with_arena(self, firmware: Firmware, arena_bytes: int, place: Path) -> Firmware:
        self.tried.append(arena_bytes)
        size_bytes = firmware.program.arena_bytes if self.folded else arena_bytes
        return replace(firmware, program=replace(firmware.program, arena_bytes=size_bytes))

    def _set_up(self, firmware: Firmware) -> None:
        if firmware.program.arena_bytes < self.needed_bytes:
            raise RunError(self.complaint)


def search(board: Board) -> FoundArena:
    return find_arena(tiny_tflite(), "net", board, Engine.TFLM)


def test_what_is_used_is_enough() -> None:
    board = Board(used_bytes=3001, needed_bytes=3001)
    assert search(board) == FoundArena(Machine(Engine.TFLM, "arm", Isa.DSP), 3001, 3008)
    assert board.built == [16 * 1024, 3008]


@pytest.mark.parametrize("needed_bytes", [3009, 3024, 3025, 3500, 9000, 16_383, 16_384])
def test_setting_up_may_take_more_than_is_used_then(needed_bytes: int) -> None:
    board = Board(used_bytes=3008, needed_bytes=needed_bytes)
    found = search(board)
    assert (found.used_bytes, found.arena_bytes) == (3008, -(-needed_bytes // 16) * 16)
    assert board.built == [16 * 1024, found.arena_bytes]
    assert len(board.tried) <= 12


def test_a_size_that_only_a_build_can_change() -> None:
    board = Board(used_bytes=3008, needed_bytes=3100, folded=True)
    assert 3100 <= search(board).arena_bytes <= 3100 + 3100 // 32
    assert board.built[1] == 3008


def test_a_large_arena_is_found_by_doubling() -> None:
    board = Board(used_bytes=100_000, needed_bytes=100_000)
    assert search(board).arena_bytes == 100_000
    assert board.built == [16_384, 32_768, 65_536, 131_072, 100_000]


def test_the_board_has_less_than_the_first_guess() -> None:
    assert search(Board(used_bytes=5000, needed_bytes=5000, room_bytes=6000)).arena_bytes == 5008


def test_the_last_doubling_is_cut_to_what_the_board_has() -> None:
    assert search(Board(used_bytes=40_000, needed_bytes=40_000, room_bytes=50_000)).arena_bytes == 40_000


def test_a_board_that_is_too_small() -> None:
    with pytest.raises(BuildError, match="32768 bytes of arena are too small, and zephyr:some has no more"):
        search(Board(used_bytes=60_000, needed_bytes=60_000, room_bytes=33_000))


def test_another_crash_is_no_matter_of_size() -> None:
    with pytest.raises(RunError, match="no answer"):
        search(Board(used_bytes=1, needed_bytes=1 << 20, complaint="no answer to 'mlforge-batch 2'"))
