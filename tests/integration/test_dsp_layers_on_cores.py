"""Convolutions, dense layers and ADD for Isa.DSP on cores that have it, bit for bit: their assembly."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mlforge.compiler.graph import Graph
from mlforge.compiler.ops.fully_connected import FullyConnectedAttributes
from mlforge.compiler.ops.shared.window import Padding, WindowAttributes
from tests.integration.test_dsp_on_cores import check
from tests.unit.compiler.cases import CASES, Maker
from tests.unit.compiler.test_dsp import large_add, sane

BOARDS = ("mps2/an386", "mps2/an521", "mps3/corstone300/an547")
COUNT = 60
QUADS = range(1, 35)  # of a window: the unrolled loops are entered everywhere, and gone through several times


@pytest.mark.parametrize("board", BOARDS)
def test_convolutions_and_dense_layers_are_bit_exact(board: str) -> None:
    convolutions = [sane(CASES["CONV_2D"](Maker(seed + 9000))) for seed in range(COUNT)]
    check(convolutions + [sane(CASES["FULLY_CONNECTED"](Maker(seed + 9000))) for seed in range(COUNT // 2)], board)


def test_add_is_bit_exact() -> None:
    check([large_add(Maker(seed)) for seed in range(12)], BOARDS[0])


def dense(m: Maker, inputs: int) -> Graph:
    source, weights, bias = m.activation((1, inputs)), m.weights((9, inputs), 0), m.bias(9)
    return m.graph(
        "FULLY_CONNECTED", [source, weights, *bias], m.activation((1, 9)), FullyConnectedAttributes(m.fused())
    )


def pointwise(m: Maker, channels: int) -> Graph:
    source, weights, bias = m.activation((1, 1, 4, channels)), m.weights((5, 1, 1, channels), 0), m.bias(5)
    attributes = WindowAttributes((1, 1), Padding.VALID, (1, 1), m.fused())
    return m.graph("CONV_2D", [source, weights, *bias], m.activation((1, 1, 4, 5)), attributes)


@pytest.mark.parametrize("make", [dense, pointwise])
def test_every_length_of_a_window_is_bit_exact(make: Callable[[Maker, int], Graph]) -> None:
    check([sane(make(Maker(quads), 4 * quads)) for quads in QUADS], BOARDS[0])
