"""The kernels' own code for each core, bit for bit: what the host's tests cannot see, such as dual multiply-accumulate.

Many random single-operator graphs stand side by side in one model, so that one firmware and one run check them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from mlforge.compiler.emitter import compile_graph
from mlforge.compiler.graph import ABSENT, Graph, Node, Tensor
from mlforge.compiler.isa import Isa
from mlforge.targets.registry import target_named
from tests.programs.require import require
from tests.unit.compiler.cases import Maker, inputs_for
from tests.unit.compiler.registry import CASES, Reference
from tests.unit.compiler.test_dsp import sane

# Cores with different code: DSP, none of it, Thumb-1, vectors, and another architecture.
BOARDS = ("mps2/an386", "mps2/an385", "mps2/an385@cortex-m0", "mps3/corstone300/an547", "qemu_riscv32")
PER_OPERATOR = 8
PARTS = 5  # as many inputs and outputs as a model may have
VECTORS = 2
SANE = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")  # once more with numbers that kernels for cores are made for
PER_SANE = 24


def side_by_side(graphs: Sequence[Graph]) -> Graph:
    tensors: list[Tensor] = []
    nodes: list[Node] = []
    inputs: list[int] = []
    outputs: list[int] = []
    for graph in graphs:
        shift = len(tensors)
        for node in graph.nodes:
            moved = tuple(index if index == ABSENT else index + shift for index in node.inputs)
            nodes.append(replace(node, inputs=moved, outputs=tuple(index + shift for index in node.outputs)))
        tensors += graph.tensors
        inputs += [index + shift for index in graph.inputs]
        outputs += [index + shift for index in graph.outputs]
    return Graph(tuple(tensors), tuple(nodes), tuple(inputs), tuple(outputs))


def maker_of(graph: Graph, tensor: int) -> Node | None:
    return next((node for node in graph.nodes if tensor in node.outputs), None)


def graphs_of(part: int) -> list[Graph]:
    if part == PARTS:
        return [sane(CASES[kind](Maker(seed))) for kind in SANE for seed in range(PER_SANE)]
    return [CASES[kind](Maker(seed)) for kind in sorted(CASES)[part::PARTS] for seed in range(PER_OPERATOR)]


@pytest.mark.parametrize("part", range(PARTS + 1))
@pytest.mark.parametrize("board", BOARDS)
def test_kernels_are_bit_exact(board: str, part: int) -> None:
    target = target_named(board)
    require(target)
    graph = side_by_side(graphs_of(part))
    arrays = inputs_for(graph, VECTORS, 1)
    inputs = np.concatenate([array.reshape(VECTORS, -1).view(np.int8) for array in arrays], axis=1)
    program = compile_graph(graph, "cases", Isa(target.isa)).program
    outputs = target.infer(target.build(program), inputs).outputs
    reference = Reference(graph)
    for vector in range(VECTORS):
        expected = reference.run([array[vector] for array in arrays])
        start = 0
        for index, want in zip(graph.outputs, expected, strict=True):
            got = outputs[vector, start : start + want.nbytes]
            start += want.nbytes
            expected_bytes = want.reshape(-1).view(np.int8)
            np.testing.assert_array_equal(got, expected_bytes, err_msg=str(maker_of(graph, index)))
