"""Convolutions, dense layers and ADD for Isa.DSP on cores that have it, bit for bit: their assembly."""

from __future__ import annotations

import pytest

from tests.integration.test_dsp_on_cores import check
from tests.unit.compiler.cases import CASES, Maker
from tests.unit.compiler.test_dsp import large_add, sane

BOARDS = ("mps2/an386", "mps2/an521", "mps3/corstone300/an547")
COUNT = 60


@pytest.mark.parametrize("board", BOARDS)
def test_convolutions_and_dense_layers_are_bit_exact(board: str) -> None:
    convolutions = [sane(CASES["CONV_2D"](Maker(seed + 9000))) for seed in range(COUNT)]
    check(convolutions + [sane(CASES["FULLY_CONNECTED"](Maker(seed + 9000))) for seed in range(COUNT // 2)], board)


def test_add_is_bit_exact() -> None:
    check([large_add(Maker(seed)) for seed in range(12)], BOARDS[0])
