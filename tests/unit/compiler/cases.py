"""Random single-operator graphs: shapes, strides, paddings, zero points, scales and the saturating corners."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np

from mlforge.compiler.fixed_point import Activation, float32
from mlforge.compiler.graph import Attributes, DType, Graph, Node, Quantization, Shape, Tensor
from mlforge.compiler.ops.add import AddAttributes
from mlforge.compiler.ops.fully_connected import FullyConnectedAttributes
from mlforge.compiler.ops.pad import PadAttributes
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.shared.free_view import ReshapeAttributes
from mlforge.compiler.ops.shared.pooling import PoolAttributes
from mlforge.compiler.ops.shared.reduction import ReduceAttributes
from mlforge.compiler.ops.shared.window import Padding, WindowAttributes, slide
from mlforge.compiler.ops.softmax import SoftmaxAttributes


class Maker:
    """Builds one graph; tensors are added in the order of the calls."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.numbers = np.random.default_rng(seed)
        self.tensors: list[Tensor] = []

    def scale(self, low: float = 0.002, high: float = 0.5) -> float:
        return float32(low * (high / low) ** self.random.random())

    def zero_point(self) -> int:
        return self.random.choice([-128, 127, 0, self.random.randint(-128, 127)])

    def activation(self, shape: Shape, quantization: Quantization | None = None) -> int:
        quantization = quantization or Quantization((self.scale(),), (self.zero_point(),))
        return self.add(Tensor(f"a{len(self.tensors)}", shape, DType.INT8, quantization))

    def quantization(self, index: int) -> Quantization:
        found = self.tensors[index].quantization
        assert found is not None
        return found

    def weights(self, shape: Shape, axis: int | None) -> int:
        scales = tuple(self.scale(0.001, 0.05) for _ in range(shape[axis] if axis is not None else 1))
        data = self.numbers.integers(-128 if self.random.random() < 0.3 else -127, 128, shape, np.int8)
        if self.random.random() < 0.2:
            data = np.where(data < 0, -127, 127).astype(np.int8)  # corners
        return self.add(Tensor("w", shape, DType.INT8, Quantization(scales, (0,) * len(scales), axis or 0), data))

    def bias(self, channels: int) -> list[int]:
        if self.random.random() < 0.2:
            return []
        size = self.random.choice([100, 10000, 2**31 - 1])
        data = self.numbers.integers(-size, size, channels).astype(np.int32)
        return [self.add(Tensor("b", (channels,), DType.INT32, None, data))]

    def integers(self, values: object) -> int:
        data = np.array(values, np.int32)
        return self.add(Tensor("i", data.shape, DType.INT32, None, data))

    def add(self, tensor: Tensor) -> int:
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def fused(self) -> Activation:
        return self.random.choice(list(Activation))

    def graph(self, kind: str, inputs: list[int], output: int, attributes: Attributes) -> Graph:
        model_inputs = tuple(dict.fromkeys(i for i in inputs if self.tensors[i].data is None))
        return Graph(tuple(self.tensors), (Node(kind, tuple(inputs), (output,), attributes),), model_inputs, (output,))

    def picture(self, channels: int) -> Shape:
        match self.random.randrange(4):
            case 0:
                return (1, self.random.randint(1, 20), 1, channels)
            case 1:
                return (1, 1, self.random.randint(1, 20), channels)
            case _:
                return (1, self.random.randint(1, 9), self.random.randint(1, 9), channels)

    def pictures(self, channels: int) -> Shape:
        """Mostly one."""
        return (self.random.choice([1, 1, 1, 1, 2, 3]), *self.picture(channels)[1:])

    def window(self, shape: Shape, dilate: bool = True) -> tuple[WindowAttributes, tuple[int, int], tuple[int, int]]:
        """Attributes, kernel, output size."""
        while True:
            kernel = (self.random.randint(1, 4), self.random.randint(1, 4))
            if self.random.random() < 0.3:
                kernel = (self.random.choice([1, shape[1]]), self.random.choice([1, shape[2]]))
            attributes = WindowAttributes(
                stride=(self.random.randint(1, 3), self.random.randint(1, 3)),
                padding=self.random.choice(list(Padding)),
                dilation=(self.random.randint(1, 3), self.random.randint(1, 3)) if dilate else (1, 1),
                activation=self.fused(),
            )
            sizes = [
                slide(shape[1 + i], kernel[i], attributes.stride[i], attributes.dilation[i], attributes, i)[0]
                for i in (0, 1)
            ]
            if min(sizes) > 0:
                return attributes, kernel, (sizes[0], sizes[1])


def conv_2d(m: Maker) -> Graph:
    groups = m.random.choice([1, 1, 1, 2, 3])
    shape = m.pictures(groups * m.random.randint(1, 9 // groups))
    attributes, kernel, (height, width) = m.window(shape)
    filters = groups * m.random.randint(1, 9 // groups)
    source = m.activation(shape)
    weights = m.weights((filters, *kernel, shape[3] // groups), m.random.choice([0, None]))
    bias = m.bias(filters)
    return m.graph("CONV_2D", [source, weights, *bias], m.activation((shape[0], height, width, filters)), attributes)


def depthwise_conv_2d(m: Maker) -> Graph:
    shape = m.pictures(m.random.randint(1, 11))
    attributes, kernel, (height, width) = m.window(shape)
    channels = shape[3] * m.random.choice([1, 1, 1, 2, 3, 8])
    source = m.activation(shape)
    weights = m.weights((1, *kernel, channels), m.random.choice([3, None]))
    bias = m.bias(channels)
    output = m.activation((shape[0], height, width, channels))
    return m.graph("DEPTHWISE_CONV_2D", [source, weights, *bias], output, attributes)


def fully_connected(m: Maker) -> Graph:
    inputs, outputs = m.random.randint(1, 70), m.random.randint(1, 20)
    rows = m.random.choice([1, 1, 1, 3])
    source = m.activation((rows, inputs))
    weights = m.weights((outputs, inputs), m.random.choice([0, None]))
    bias = m.bias(outputs)
    attributes = FullyConnectedAttributes(m.fused())
    return m.graph("FULLY_CONNECTED", [source, weights, *bias], m.activation((rows, outputs)), attributes)


def pool(kind: str) -> Callable[[Maker], Graph]:
    def make(m: Maker) -> Graph:
        shape = m.pictures(m.random.randint(1, 9))
        window, size, (height, width) = m.window(shape, dilate=False)
        source = m.activation(shape)
        output = m.activation((shape[0], height, width, shape[3]), m.quantization(source))
        attributes = PoolAttributes(window.stride, window.padding, activation=window.activation, size=size)
        return m.graph(kind, [source], output, attributes)

    return make


def mean(m: Maker) -> Graph:
    shape = m.picture(m.random.randint(1, 9))
    axes = m.random.choice([(1, 2), (2, 1), (-3, -2), (1,), (2,), (3,), (1, 2, 3), (2, 3)])
    keep = m.random.random() < 0.5
    resolved = {axis % 4 for axis in axes}
    kept = tuple(1 if i in resolved else size for i, size in enumerate(shape))
    dropped = tuple(size for i, size in enumerate(shape) if i not in resolved)
    source, indices = m.activation(shape), m.integers(axes)
    return m.graph("MEAN", [source, indices], m.activation(kept if keep else dropped), ReduceAttributes(keep))


def add(m: Maker) -> Graph:
    shape = m.picture(m.random.randint(1, 9))
    other = m.random.choice([shape, shape, shape, shape[2:], (1, 1, 1, shape[3]), (1,)])
    first, second = m.activation(shape), m.activation(other)
    inputs = m.random.choice([[first, second], [second, first]])
    if other == shape and m.random.random() < 0.1:
        inputs = [first, first]
    return m.graph("ADD", inputs, m.activation(shape), AddAttributes(m.fused()))


def softmax(m: Maker) -> Graph:
    shape = m.random.choice([(1, m.random.randint(1, 40)), (3, 5), (1, 2, 2, 7), (1, 500)])
    source = m.activation(shape, Quantization((m.scale(0.0005, 4.0),), (m.zero_point(),)))
    output = m.activation(shape, Quantization((1 / 256,), (-128,)))
    return m.graph("SOFTMAX", [source], output, SoftmaxAttributes(m.random.choice([1.0, 1.0, 0.5])))


def elementwise(kind: str) -> Callable[[Maker], Graph]:
    fixed = {"LOGISTIC": Quantization((1 / 256,), (-128,)), "TANH": Quantization((1 / 128,), (0,))}

    def make(m: Maker) -> Graph:
        shape = (1, 16, 16)  # room for every value of int8
        source = m.activation(shape)
        like = m.quantization(source) if kind == "RELU6" else fixed.get(kind)
        return m.graph(kind, [source], m.activation(shape, like), ElementwiseAttributes())

    return make


def pad(m: Maker) -> Graph:
    shape = tuple(m.random.randint(1, 5) for _ in range(m.random.randint(1, 4)))
    paddings = [(m.random.randint(0, 3), m.random.randint(0, 3)) for _ in shape]
    source, amounts = m.activation(shape), m.integers(paddings)
    result = tuple(size + before + after for size, (before, after) in zip(shape, paddings, strict=True))
    return m.graph("PAD", [source, amounts], m.activation(result, m.quantization(source)), PadAttributes())


def reshape(m: Maker) -> Graph:
    source = m.activation((1, 4, 6))
    return m.graph("RESHAPE", [source], m.activation((24,), m.quantization(source)), ReshapeAttributes())


CASES: dict[str, Callable[[Maker], Graph]] = {
    "ADD": add,
    "AVERAGE_POOL_2D": pool("AVERAGE_POOL_2D"),
    "CONV_2D": conv_2d,
    "DEPTHWISE_CONV_2D": depthwise_conv_2d,
    "FULLY_CONNECTED": fully_connected,
    "LOGISTIC": elementwise("LOGISTIC"),
    "MAX_POOL_2D": pool("MAX_POOL_2D"),
    "MEAN": mean,
    "PAD": pad,
    "QUANTIZE": elementwise("QUANTIZE"),
    "RELU": elementwise("RELU"),
    "RELU6": elementwise("RELU6"),
    "RESHAPE": reshape,
    "SOFTMAX": softmax,
    "TANH": elementwise("TANH"),
}


def inputs_for(graph: Graph, vectors: int, seed: int) -> list[np.ndarray]:
    """Random vectors, with all values of int8 in the first where there is room, and extremes in the last."""
    numbers = np.random.default_rng(seed)
    return [
        _values(graph.tensors[index].dtype, (vectors, *graph.tensors[index].shape), numbers) for index in graph.inputs
    ]


def _values(dtype: DType, shape: Shape, numbers: np.random.Generator) -> np.ndarray:
    if dtype is DType.FLOAT32:
        wide = numbers.normal(size=shape) * 10.0 ** numbers.integers(-2, 7, shape)
        special = numbers.choice([0.0, -0.0, 0.5, -0.5, 1e30, -1e30, np.inf, -np.inf, np.nan], shape)
        return np.where(numbers.random(shape) < 0.1, special, wide).astype(np.float32)
    if dtype is DType.BOOL:
        return numbers.random(shape) < 0.5
    info = np.iinfo(dtype.value)
    low, high = (-2, 12) if dtype is DType.INT32 and numbers.random() < 0.5 else (info.min, info.max + 1)
    array = numbers.integers(low, high, shape, dtype.value)
    if dtype is DType.INT8 and array[0].size >= 256:
        array[0].reshape(-1)[:256] = np.arange(-128, 128)
    array[-1] = numbers.choice(np.array([info.min, info.max], dtype.value), shape[1:])
    return array
