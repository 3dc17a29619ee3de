"""Kernels for Isa.DSP on a core that has it, bit for bit: the assembly, which the host's tests cannot see."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from mlforge.compiler import Graph, Isa, compile_graph
from mlforge.compiler.ops.by_isa import dsp_depthwise
from mlforge.targets.registry import target_named
from tests.integration.test_kernels_on_cores import side_by_side
from tests.programs.require import require
from tests.unit.compiler.cases import Maker, inputs_for
from tests.unit.compiler.cases_depthwise import depthwise
from tests.unit.compiler.registry import CASES, Reference
from tests.unit.compiler.test_dsp_pooling import KINDS

BOARDS = ("mps2/an386",)

COUNT = 70
PER_KIND = 25
VECTORS = 2


def check(graphs: Sequence[Graph], board: str) -> None:
    target = target_named(board)
    require(target)
    graph = side_by_side(graphs)
    arrays = inputs_for(graph, VECTORS, 1)
    inputs = np.concatenate([array.reshape(VECTORS, -1).view(np.int8) for array in arrays], axis=1)
    program = compile_graph(graph, "cases", Isa(target.isa)).program
    outputs = target.infer(target.build(program), inputs).outputs
    for vector in range(VECTORS):
        expected = Reference(graph).run([array[vector] for array in arrays])
        start = 0
        for index, want in zip(graph.outputs, expected, strict=True):
            got = outputs[vector, start : start + want.nbytes]
            start += want.nbytes
            expected_bytes = want.reshape(-1).view(np.int8)
            np.testing.assert_array_equal(got, expected_bytes, err_msg=str(graph.nodes[graph.outputs.index(index)]))


@pytest.mark.parametrize("board", BOARDS)
def test_depthwise_is_bit_exact(board: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dsp_depthwise, "_GENERIC_TAP_COST", 1 << 20)  # also where the generic kernel would be as fast
    check([depthwise(Maker(seed + 7000)) for seed in range(COUNT)], board)


@pytest.mark.parametrize("board", BOARDS)
def test_pools_and_sums_are_bit_exact(board: str) -> None:
    check([CASES[kind](Maker(seed + 8000)) for kind in KINDS for seed in range(PER_KIND)], board)
