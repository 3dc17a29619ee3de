"""Sums of int16, transposed convolutions and unpacked weights on cores, bit for bit: branches that the host does not
compile."""

from __future__ import annotations

import numpy as np
import pytest

from mlforge.compiler import Isa, compile_graph, preference, read_tflite
from mlforge.compiler.clustering import cluster_graph
from mlforge.compiler.graph import DType, Graph
from mlforge.records.program import Prefer
from mlforge.targets.registry import target_named
from tests.integration.test_kernels_on_cores import side_by_side
from tests.networks import golden_of, model_of
from tests.programs.require import require
from tests.unit.compiler.cases import Maker, inputs_for
from tests.unit.compiler.registry import CASES, Reference

BOARDS = ("mps2/an386", "mps3/corstone300/an547")
WIDE = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "SVDF", "UNIDIRECTIONAL_SEQUENCE_LSTM")
EACH = 6
TRANSPOSED = 16  # of both types
VECTORS = 2


def wide(kind: str) -> list[Graph]:
    """Those that have int16 somewhere among activations and states."""
    made = (CASES[kind](Maker(seed)) for seed in range(500, 600))
    found = [graph for graph in made if any(t.dtype is DType.INT16 and not t.is_constant for t in graph.tensors)]
    return found[:EACH]


@pytest.mark.parametrize("board", BOARDS)
def test_wide_sums_are_bit_exact(board: str) -> None:
    target = target_named(board)
    require(target)
    transposed = [CASES["TRANSPOSE_CONV"](Maker(seed + 500)) for seed in range(TRANSPOSED)]
    graph = side_by_side([*(one for kind in WIDE for one in wide(kind)), *transposed])
    assert {graph.tensors[node.outputs[0]].dtype for node in graph.nodes} == {DType.INT8, DType.INT16}
    arrays = inputs_for(graph, VECTORS, 1)
    inputs = np.concatenate([array.reshape(VECTORS, -1).view(np.int8) for array in arrays], axis=1)
    outputs = target.infer(target.build(compile_graph(graph, "wide", Isa(target.isa)).program), inputs).outputs
    reference = Reference(graph)
    for vector in range(VECTORS):
        expected = reference.run([array[vector] for array in arrays])
        start = 0
        for node, want in zip(graph.nodes, expected, strict=True):
            got = outputs[vector, start : start + want.nbytes]
            start += want.nbytes
            np.testing.assert_array_equal(got, want.reshape(-1).view(np.int8), err_msg=str(node))


@pytest.mark.parametrize("board", ["mps2/an386", "mps2/an385@cortex-m0"])
def test_unpacked_weights_are_the_same(board: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preference, "_FLASH_FOR_RAM", 0)
    target = target_named(board)
    require(target)
    graph = cluster_graph(read_tflite(model_of("resnet")), 4)
    inputs = golden_of("resnet")[0][:VECTORS]
    answers = []
    for prefer in (Prefer.SPEED, Prefer.FLASH):
        program = compile_graph(graph, "net", Isa(target.isa), prefer=prefer).program
        assert ("mlforge_unpack" in program.sources["net_model.c"]) is (prefer is Prefer.FLASH)
        answers.append(target.infer(target.build(program), inputs.reshape(VECTORS, -1).view(np.int8)).outputs)
    np.testing.assert_array_equal(answers[0], answers[1])
