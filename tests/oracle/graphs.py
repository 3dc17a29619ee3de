"""Random networks of several layers, with numbers as trained networks have them: results stay within their range."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from mlforge.compiler.fixed_point import Activation, float32
from mlforge.compiler.graph import Attributes, DType, Graph, Node, Quantization, Shape, Tensor
from mlforge.compiler.ops.add import AddAttributes
from mlforge.compiler.ops.concatenation import ConcatenationAttributes
from mlforge.compiler.ops.fully_connected import FullyConnectedAttributes
from mlforge.compiler.ops.leaky_relu import LeakyReluAttributes
from mlforge.compiler.ops.pad import PadAttributes
from mlforge.compiler.ops.shared.depth import DepthAttributes
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.shared.free_view import ReshapeAttributes
from mlforge.compiler.ops.shared.pooling import PoolAttributes
from mlforge.compiler.ops.shared.scaled_pair import ArithmeticAttributes
from mlforge.compiler.ops.shared.window import Padding, WindowAttributes, slide
from mlforge.compiler.ops.softmax import SoftmaxAttributes
from tests.unit.compiler.cases import Maker

MAX_ELEMENTS = 2000


class Network:
    """Grows layer by layer; `last` is the tensor that the next one reads."""

    def __init__(self, seed: int) -> None:
        self.maker = Maker(seed)
        self.random = self.maker.random
        shape = (1, self.random.randint(1, 9), self.random.randint(1, 9), self.random.randint(1, 9))
        self.last = self.maker.activation(shape, Quantization((float32(1 / 40),), (self.random.randint(-20, 20),)))
        self.source = self.last
        self.nodes: list[Node] = []
        self.seen = [self.last]

    @property
    def shape(self) -> Shape:
        return self.maker.tensors[self.last].shape

    def put(
        self, kind: str, inputs: list[int], shape: Shape, attributes: Attributes, scale: float | None = None
    ) -> None:
        """`scale` None: quantised as what came before."""
        before = self.maker.quantization(self.last)
        after = Quantization((float32(scale),), (self.random.randint(-100, 100),)) if scale else before
        output = self.maker.activation(shape, after)
        self.nodes.append(Node(kind, tuple(inputs), (output,), attributes))
        self.last = output
        self.seen.append(output)

    def weights(self, shape: Shape, axis: int, products: int) -> tuple[list[int], float]:
        """Weights and bias of a layer, and a scale for its output."""
        m, channels = self.maker, shape[axis]
        per_channel = self.random.random() < 0.7
        scales = tuple(float32(self.random.uniform(0.003, 0.01)) for _ in range(channels if per_channel else 1))
        data = np.clip(m.numbers.normal(0, 40, shape), -127, 127).astype(np.int8)
        weights = m.add(Tensor("w", shape, DType.INT8, Quantization(scales, (0,) * len(scales), axis), data))
        spread = self.maker.quantization(self.last).scale * max(scales) * 40 * 40 * float(np.sqrt(products))
        if self.random.random() < 0.15:
            return [weights], spread / 50
        bias = m.numbers.integers(-3000, 3000, channels).astype(np.int32)
        return [weights, m.add(Tensor("b", (channels,), DType.INT32, None, bias))], spread / 50

    def window(self) -> tuple[WindowAttributes, tuple[int, int], tuple[int, int]]:
        while True:
            kernel = (self.random.randint(1, 4), self.random.randint(1, 4))
            attributes = WindowAttributes(
                (self.random.choice([1, 1, 2]), self.random.choice([1, 1, 2])),
                self.random.choice(list(Padding)),
                (1, 1),
                self.random.choice([Activation.NONE, Activation.RELU, Activation.RELU6]),
            )
            sizes = [slide(self.shape[1 + i], kernel[i], attributes.stride[i], 1, attributes, i)[0] for i in (0, 1)]
            if min(sizes) > 0:
                return attributes, kernel, (sizes[0], sizes[1])

    def conv_2d(self) -> None:
        attributes, kernel, (height, width) = self.window()
        filters = self.random.randint(1, 16)
        weights, scale = self.weights((filters, *kernel, self.shape[3]), 0, prod(kernel) * self.shape[3])
        self.put("CONV_2D", [self.last, *weights], (1, height, width, filters), attributes, scale)

    def depthwise(self) -> None:
        attributes, kernel, (height, width) = self.window()
        channels = self.shape[3] * self.random.choice([1, 1, 1, 2, 4])
        weights, scale = self.weights((1, *kernel, channels), 3, prod(kernel))
        self.put("DEPTHWISE_CONV_2D", [self.last, *weights], (1, height, width, channels), attributes, scale)

    def pool(self) -> None:
        window, kernel, (height, width) = self.window()
        attributes = PoolAttributes(window.stride, window.padding, activation=window.activation, size=kernel)
        kind = self.random.choice(["AVERAGE_POOL_2D", "MAX_POOL_2D"])
        self.put(kind, [self.last], (1, height, width, self.shape[3]), attributes)

    def pair(self) -> None:
        like = [index for index in self.seen if self.maker.tensors[index].shape == self.shape]
        inputs = [self.last, self.random.choice(like)]
        self.random.shuffle(inputs)
        scale = self.maker.quantization(self.last).scale * self.random.uniform(0.8, 3)
        if self.random.random() < 0.7:
            self.put("ADD", inputs, self.shape, AddAttributes(self.maker.fused()), scale)
        else:
            self.put("MUL", inputs, self.shape, ArithmeticAttributes(self.maker.fused()), scale)

    def unary(self) -> None:
        kind = self.random.choice(["RELU", "LEAKY_RELU", "HARD_SWISH", "ABS", "QUANTIZE"])
        attributes = LeakyReluAttributes(float32(0.2)) if kind == "LEAKY_RELU" else ElementwiseAttributes()
        scale = self.maker.quantization(self.last).scale * self.random.uniform(0.5, 2)
        self.put(kind, [self.last], self.shape, attributes, scale)

    def pad(self) -> None:
        edges = [(0, 0), *((self.random.randint(0, 2), self.random.randint(0, 2)) for _ in range(2)), (0, 0)]
        shape = tuple(size + sum(pair) for size, pair in zip(self.shape, edges, strict=True))
        self.put("PAD", [self.last, self.maker.integers(edges)], shape, PadAttributes())

    def concatenation(self) -> None:
        here = self.maker.tensors[self.last]
        like = [i for i in self.seen if self.maker.tensors[i].quantization == here.quantization]
        like = [i for i in like if self.maker.tensors[i].shape[:3] == self.shape[:3]]
        other = self.random.choice(like)
        shape = (*self.shape[:3], self.shape[3] + self.maker.tensors[other].shape[3])
        self.put("CONCATENATION", [self.last, other], shape, ConcatenationAttributes(-1))

    def space_to_depth(self) -> None:
        if self.shape[1] % 2 or self.shape[2] % 2:
            return self.unary()
        shape = (1, self.shape[1] // 2, self.shape[2] // 2, self.shape[3] * 4)
        return self.put("SPACE_TO_DEPTH", [self.last], shape, DepthAttributes(2))

    def head(self) -> None:
        size, outputs = prod(self.shape), self.random.randint(1, 12)
        self.put("RESHAPE", [self.last], (1, size), ReshapeAttributes())
        weights, scale = self.weights((outputs, size), 0, size)
        self.put("FULLY_CONNECTED", [self.last, *weights], (1, outputs), FullyConnectedAttributes(), scale)
        if self.random.random() < 0.5:
            probabilities = self.maker.activation((1, outputs), Quantization((1 / 256,), (-128,)))
            self.nodes.append(Node("SOFTMAX", (self.last,), (probabilities,), SoftmaxAttributes(1.0)))
            self.last = probabilities

    def graph(self) -> Graph:
        return Graph(tuple(self.maker.tensors), tuple(self.nodes), (self.source,), (self.last,))


LAYERS: tuple[Callable[[Network], None], ...] = (
    Network.conv_2d,
    Network.conv_2d,
    Network.depthwise,
    Network.depthwise,
    Network.pool,
    Network.pair,
    Network.unary,
    Network.pad,
    Network.concatenation,
    Network.space_to_depth,
)


def network(seed: int) -> Graph:
    """Two to eight layers, and mostly a dense one behind."""
    made = Network(seed)
    for _ in range(made.random.randint(2, 8)):
        if prod(made.shape) < MAX_ELEMENTS:
            made.random.choice(LAYERS)(made)
    if made.random.random() < 0.6:
        made.head()
    return made.graph()
