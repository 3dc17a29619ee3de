"""Random graphs of arithmetic operators: results that several operators read, stretched shapes, constants, in place.

What single operators cannot show: that outputs take the places of inputs only when nobody needs them any more.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mlforge.compiler.emitter import compile_graph
from mlforge.compiler.fixed_point import float32
from mlforge.compiler.graph import Attributes, DType, Graph, Node, Quantization, Shape, Tensor
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.add import AddAttributes
from mlforge.compiler.ops.leaky_relu import LeakyReluAttributes
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.shared.reduction import ReduceAttributes
from mlforge.compiler.ops.shared.scaled_pair import ArithmeticAttributes
from mlforge.compiler.tflite_reader import read_tflite
from tests.unit.compiler.cases import Maker, inputs_for
from tests.unit.compiler.harness import SANITIZE, run_models
from tests.unit.compiler.registry import Reference
from tests.unit.compiler.tflite_writer import write_tflite

GRAPHS = 30
SEEDS = {Isa.GENERIC: range(GRAPHS), Isa.DSP: range(GRAPHS, 2 * GRAPHS)}
VECTORS = 2
UNARY = ("ABS", "LEAKY_RELU", "RELU")
REDUCTIONS = ("MEAN", "REDUCE_MAX")
PAIRS = ("ADD", "ADD", "MUL", "MUL", "SUB", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "PRELU")


class Grower:
    """Adds one random operator after another; each reads results of earlier ones."""

    def __init__(self, seed: int) -> None:
        self.maker = Maker(seed)
        self.random = self.maker.random
        shape = (1, self.random.randint(1, 5), self.random.randint(1, 5), self.random.randint(1, 6))
        self.pool = [self.activation(shape) for _ in range(self.random.randint(1, 2))]
        self.inputs = tuple(self.pool)
        self.nodes: list[Node] = []

    def quantization(self) -> Quantization:
        return Quantization((self.maker.scale(0.02, 0.1),), (self.maker.zero_point(),))

    def activation(self, shape: Shape, quantization: Quantization | None = None) -> int:
        return self.maker.activation(shape, quantization or self.quantization())

    def shape(self, index: int) -> Shape:
        return self.maker.tensors[index].shape

    def grow(self) -> None:
        kind, source = self.random.choice((*UNARY, *REDUCTIONS, *PAIRS)), self.random.choice(self.pool[-4:])
        if kind in UNARY:
            attributes: Attributes = ElementwiseAttributes()
            if kind == "LEAKY_RELU":
                attributes = LeakyReluAttributes(float32(0.3))
            self.add(kind, (source,), self.activation(self.shape(source)), attributes)
        elif kind in REDUCTIONS:
            axes = self.random.choice([(1, 2), (3,), (1,), (2, 3), (1, 3)])
            result = tuple(1 if axis in axes else size for axis, size in enumerate(self.shape(source)))
            like = self.maker.quantization(source) if kind == "REDUCE_MAX" else None
            indices = self.maker.integers(axes)
            self.add(kind, (source, indices), self.activation(result, like), ReduceAttributes(True))
        else:
            self.pair(kind, source)

    def pair(self, kind: str, source: int) -> None:
        other = self.random.choice(self.pool) if self.random.random() < 0.7 else self.constant(self.shape(source)[3])
        try:
            full = tuple(int(n) for n in np.broadcast_shapes(self.shape(source), self.shape(other)))
        except ValueError:
            return
        attributes: Attributes = ElementwiseAttributes()
        if kind in ("ADD", "SUB", "MUL"):
            attributes = (AddAttributes if kind == "ADD" else ArithmeticAttributes)(self.maker.fused())
        inputs = (source, other) if kind == "PRELU" or self.random.random() < 0.5 else (other, source)
        self.add(kind, inputs, self.activation(full), attributes)

    def constant(self, channels: int) -> int:
        shape = self.random.choice([(1,), (channels,), (1, 1, 1, channels)])
        data = self.maker.numbers.integers(-128, 128, shape, np.int8)
        return self.maker.add(Tensor("c", shape, DType.INT8, self.quantization(), data))

    def add(self, kind: str, inputs: tuple[int, ...], output: int, attributes: Attributes) -> None:
        self.nodes.append(Node(kind, inputs, (output,), attributes))
        self.pool.append(output)

    def graph(self) -> Graph:
        read = {index for node in self.nodes for index in node.inputs}
        ends = [node.outputs[0] for node in self.nodes if node.outputs[0] not in read]
        return Graph(tuple(self.maker.tensors), tuple(self.nodes), self.inputs, tuple(ends[:3]))


def random_graph(seed: int) -> Graph:
    grower = Grower(seed)
    steps = grower.random.randint(2, 12)
    while len(grower.nodes) < steps:
        grower.grow()
    return grower.graph()


@pytest.mark.parametrize("isa", SEEDS)
def test_bit_exact(isa: Isa, tmp_path: Path) -> None:
    graphs = {f"g{seed}": random_graph(seed) for seed in SEEDS[isa]}
    models = {
        name: (compile_graph(read_tflite(write_tflite(graph)), name, isa), inputs_for(graph, VECTORS, 1))
        for name, graph in graphs.items()
    }
    results = run_models(tmp_path, models, ("-O1", *SANITIZE))
    for name, graph in graphs.items():
        for vector in range(VECTORS):
            expected = Reference(graph).run([array[vector] for array in models[name][1]])
            for got, want in zip(results[name], expected, strict=True):
                np.testing.assert_array_equal(got[vector], want, err_msg=f"{name}: {graph.nodes}")
