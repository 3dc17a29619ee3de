"""Networks with a state, drawn at random: an LSTM and two layers of SVDF, each with a dense layer behind."""

from __future__ import annotations

import numpy as np

from mlforge.compiler.fixed_point import float32
from mlforge.compiler.graph import ABSENT, Attributes, DType, Graph, Node, Quantization, Shape, Tensor
from mlforge.compiler.ops.fully_connected import FullyConnectedAttributes
from mlforge.compiler.ops.softmax import SoftmaxAttributes
from mlforge.compiler.ops.svdf import SvdfAttributes
from mlforge.compiler.ops.unidirectional_sequence_lstm import LstmAttributes
from tests.unit.compiler.cases import Maker

KINDS = 4


class Drawn:
    """Tensors and nodes, in the order of the calls."""

    def __init__(self, shape: Shape) -> None:
        self.maker = Maker(1)
        self.nodes: list[Node] = []
        self.source = self.last = self.activation("x", shape, 1 / 40, 3)

    def activation(self, name: str, shape: Shape, scale: float, zero_point: int) -> int:
        quantization = Quantization((float32(scale),), (zero_point,))
        return self.maker.add(Tensor(name, shape, DType.INT8, quantization))

    def weights(self, shape: Shape, scale: float, dtype: DType = DType.INT8) -> int:
        spread = 35 if dtype is DType.INT8 else 3000
        data = np.clip(self.maker.numbers.normal(0, spread, shape), -127 if spread == 35 else -32767, 32767)
        data = data.clip(-127, 127) if dtype is DType.INT8 else data
        values = data.astype(dtype.value)
        return self.maker.add(Tensor("w", shape, dtype, Quantization((float32(scale),), (0,)), values))

    def bias(self, count: int, largest: int = 500) -> int:
        data = self.maker.numbers.integers(-largest, largest, count).astype(np.int32)
        return self.maker.add(Tensor("b", (count,), DType.INT32, None, data))

    def state(self, shape: Shape, dtype: DType, quantization: Quantization) -> int:
        return self.maker.add(Tensor("state", shape, dtype, quantization, is_variable=True))

    def node(self, kind: str, inputs: list[int], output: int, attributes: Attributes) -> None:
        self.nodes.append(Node(kind, tuple(inputs), (output,), attributes))
        self.last = output

    def head(self, inputs: int) -> Graph:
        dense = [self.last, self.weights((KINDS, inputs), 0.02), self.bias(KINDS)]
        self.node("FULLY_CONNECTED", dense, self.activation("logits", (1, KINDS), 0.1, 5), FullyConnectedAttributes())
        self.node("SOFTMAX", [self.last], self.activation("y", (1, KINDS), 1 / 256, -128), SoftmaxAttributes(1.0))
        return Graph(tuple(self.maker.tensors), tuple(self.nodes), (self.source,), (self.last,))


def svdf() -> Graph:
    drawn = Drawn((1, 40))
    inputs, rank, memory = 40, 2, 10
    for units in (24, 16):
        operands = [
            drawn.last,
            drawn.weights((units * rank, inputs), 0.01),
            drawn.weights((units * rank, memory), 2.0**-13, DType.INT16),
            drawn.bias(units),
            drawn.state((1, units * rank * memory), DType.INT16, Quantization((2.0**-11,), (0,))),
        ]
        drawn.node("SVDF", operands, drawn.activation(f"units{units}", (1, units), 0.05, -10), SvdfAttributes(rank))
        inputs = units
    return drawn.head(inputs)


def lstm() -> Graph:
    inputs, units = 20, 12
    drawn = Drawn((1, 1, inputs))
    hidden = Quantization((1 / 128,), (0,))
    operands = [drawn.last]
    operands += [drawn.weights((units, inputs), 0.01) for _ in range(4)]
    operands += [drawn.weights((units, units), 0.01) for _ in range(4)]
    operands += [ABSENT] * 3 + [drawn.bias(units) for _ in range(4)] + [ABSENT, ABSENT]
    operands.append(drawn.state((1, units), DType.INT8, hidden))
    operands.append(drawn.state((1, units), DType.INT16, Quantization((2.0**-11,), (0,))))
    operands += [ABSENT] * 4
    output = drawn.maker.add(Tensor("hidden", (1, 1, units), DType.INT8, hidden))
    drawn.node("UNIDIRECTIONAL_SEQUENCE_LSTM", operands, output, LstmAttributes(10.0, False))
    return drawn.head(units)
