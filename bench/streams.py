"""Networks over time with random weights, as graphs: what `bench/streaming.py` measures. Instructions and bytes do not
depend on the values of weights."""

from __future__ import annotations

from math import prod

import numpy as np

from mlforge.compiler.fixed_point import Activation, float32
from mlforge.compiler.graph import Attributes, DType, Graph, Node, Quantization, Shape, Tensor
from mlforge.compiler.ops.fully_connected import FullyConnectedAttributes
from mlforge.compiler.ops.pad import PadAttributes
from mlforge.compiler.ops.shared.free_view import ReshapeAttributes
from mlforge.compiler.ops.shared.pooling import PoolAttributes
from mlforge.compiler.ops.shared.window import Padding, WindowAttributes, slide
from mlforge.compiler.ops.slice import SliceAttributes
from mlforge.compiler.ops.softmax import SoftmaxAttributes

ONE: Quantization = Quantization((float32(1 / 40),), (-128,))


class Layers:
    """Grows layer by layer, each quantised for its own weights."""

    def __init__(self, shape: Shape, seed: int) -> None:
        self.numbers = np.random.default_rng(seed)
        self.tensors: list[Tensor] = []
        self.nodes: list[Node] = []
        self.source = self.last = self.add(Tensor("input", shape, DType.INT8, Quantization((float32(1 / 40),), (3,))))

    def add(self, tensor: Tensor) -> int:
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    @property
    def shape(self) -> Shape:
        return self.tensors[self.last].shape

    def put(self, kind: str, constants: list[int], shape: Shape, attributes: Attributes, after: Quantization) -> None:
        output = self.add(Tensor(f"{kind.lower()}_{len(self.nodes)}", shape, DType.INT8, after))
        self.nodes.append(Node(kind, (self.last, *constants), (output,), attributes))
        self.last = output

    def integers(self, values: object) -> int:
        data = np.array(values, np.int32)
        return self.add(Tensor("", data.shape, DType.INT32, None, data))

    def weights(self, shape: Shape, axis: int, taps: int) -> tuple[list[int], Quantization]:
        """Weights, a bias, and a scale in which the results do not saturate."""
        scales = tuple(map(float32, self.numbers.uniform(0.003, 0.01, shape[axis])))
        data = np.clip(self.numbers.normal(0, 40, shape), -127, 127).astype(np.int8)
        bias = self.numbers.integers(-2000, 2000, shape[axis]).astype(np.int32)
        before = self.tensors[self.last].quantization or ONE
        spread = before.scale * 0.006 * 40 * 60 * float(np.sqrt(taps)) / 60
        return [
            self.add(Tensor("weights", shape, DType.INT8, Quantization(scales, (0,) * len(scales), axis), data)),
            self.add(Tensor("bias", (shape[axis],), DType.INT32, None, bias)),
        ], Quantization((float32(spread),), (-128,))

    def conv(self, kernel: tuple[int, int], filters: int, attributes: WindowAttributes) -> None:
        constants, after = self.weights((filters, *kernel, self.shape[3]), 0, prod(kernel) * self.shape[3])
        self.put("CONV_2D", constants, (1, *self.sizes(kernel, attributes), filters), attributes, after)

    def depthwise(self, kernel: tuple[int, int], attributes: WindowAttributes) -> None:
        constants, after = self.weights((1, *kernel, self.shape[3]), 3, prod(kernel))
        shape = (1, *self.sizes(kernel, attributes), self.shape[3])
        self.put("DEPTHWISE_CONV_2D", constants, shape, attributes, after)

    def sizes(self, kernel: tuple[int, int], attributes: WindowAttributes) -> tuple[int, int]:
        found = [
            slide(self.shape[1 + i], kernel[i], attributes.stride[i], attributes.dilation[i], attributes, i)[0]
            for i in (0, 1)
        ]
        return found[0], found[1]

    def pad(self, height: tuple[int, int], width: tuple[int, int]) -> None:
        edges = [(0, 0), height, width, (0, 0)]
        shape = tuple(size + sum(pair) for size, pair in zip(self.shape, edges, strict=True))
        self.put("PAD", [self.integers(edges)], shape, PadAttributes(), self.tensors[self.last].quantization or ONE)

    def last_column(self) -> None:
        shape = self.shape
        places = self.integers([0, shape[1] - 1, 0, 0]), self.integers([1, 1, *shape[2:]])
        after = self.tensors[self.last].quantization or ONE
        self.put("SLICE", list(places), (1, 1, *shape[2:]), SliceAttributes(), after)

    def classes(self, count: int) -> Graph:
        """A dense layer and its probabilities; both are outputs, as probabilities of random weights hardly change."""
        size = prod(self.shape)
        self.put("RESHAPE", [], (1, size), ReshapeAttributes(), self.tensors[self.last].quantization or ONE)
        constants, after = self.weights((count, size), 0, size)
        self.put("FULLY_CONNECTED", constants, (1, count), FullyConnectedAttributes(), after)
        logits = self.last
        self.put("SOFTMAX", [], (1, count), SoftmaxAttributes(1.0), Quantization((1 / 256,), (-128,)))
        return Graph(tuple(self.tensors), tuple(self.nodes), (self.source,), (logits, self.last))


def _valid(stride: tuple[int, int] = (1, 1), dilation: int = 1) -> WindowAttributes:
    return WindowAttributes(stride, Padding.VALID, (dilation, 1), Activation.RELU)


def keyword_ds_cnn(frames: int = 49, time_stride: int = 2) -> Graph:
    """The keyword network of MLPerf Tiny (Zhang et al., Hello Edge, 2017) in its causal form: layers see the past and
    no zeros along time, and are padded along frequency as there. One second is 49 frames, 20 ms apart, or 98 of 10 ms;
    of the latter a hop of 20 ms has two, as many as the first layer's stride."""
    layers = Layers((1, frames, 10, 1), 1)
    layers.pad((0, 0), (1, 1))
    layers.conv((10, 4), 64, _valid((time_stride, 2)))
    for _ in range(4):
        layers.pad((0, 0), (1, 1))
        layers.depthwise((3, 3), _valid())
        layers.conv((1, 1), 64, _valid())
    size = layers.shape[1], layers.shape[2]
    pool = PoolAttributes(size, Padding.VALID, size=size)
    layers.put("AVERAGE_POOL_2D", [], (1, 1, 1, 64), pool, layers.tensors[layers.last].quantization or ONE)
    return layers.classes(12)


def temporal_network(samples: int = 128) -> Graph:
    """A temporal convolutional network (Bai et al., 2018) for motion: zeros in front of each layer, dilations of 1 to
    16, and its last column."""
    layers = Layers((1, samples, 1, 6), 2)
    for dilation in (1, 2, 4, 8, 16):
        layers.pad((2 * dilation, 0), (0, 0))
        layers.conv((3, 1), 32, _valid(dilation=dilation))
    layers.last_column()
    return layers.classes(6)
