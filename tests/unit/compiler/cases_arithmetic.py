"""Random graphs of the element-wise operators, reductions, TRANSPOSE_CONV and SOFTMAX into int16."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mlforge.compiler.fixed_point import float32
from mlforge.compiler.graph import Attributes, DType, Graph, Quantization, Shape, Tensor
from mlforge.compiler.ops.add import AddAttributes
from mlforge.compiler.ops.leaky_relu import LeakyReluAttributes
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.shared.reduction import ReduceAttributes
from mlforge.compiler.ops.shared.scaled_pair import ArithmeticAttributes
from mlforge.compiler.ops.shared.window import Padding, WindowAttributes
from mlforge.compiler.ops.softmax import SoftmaxAttributes
from tests.unit.compiler import cases
from tests.unit.compiler.cases import Maker

Case = Callable[[Maker], Graph]

_FUSED = ("ADD", "SUB", "MUL", "DIV")


def _shape(m: Maker) -> Shape:
    if m.random.random() < 0.3:
        return (1, 16, 16)  # room for every value of int8
    return tuple(m.random.choice([1, 2, 3, 5]) for _ in range(m.random.randint(1, 6)))


def stretched(m: Maker, shape: Shape) -> tuple[Shape, Shape]:
    """Two shapes that broadcast to `shape`."""
    match m.random.randrange(6):
        case 0 | 1:
            return shape, shape
        case 2:
            return shape, shape[m.random.randint(0, len(shape)) :]
        case 3:
            return shape, (1,) * m.random.randint(0, len(shape))
    thin = [m.random.random() < 0.4 for _ in shape]
    other = [not t and m.random.random() < 0.4 for t in thin]
    first = tuple(1 if t else size for t, size in zip(thin, shape, strict=True))
    second = tuple(1 if t else size for t, size in zip(other, shape, strict=True))
    return first, second


def _constant(m: Maker, shape: Shape) -> int:
    data = m.numbers.integers(-128, 128, shape, np.int8)
    if m.random.random() < 0.3:
        data = np.full(shape, m.random.choice([-128, 127, 3]), np.int8)
    return m.add(Tensor("c", shape, DType.INT8, Quantization((m.scale(),), (m.zero_point(),)), data))


def _second(m: Maker, shape: Shape) -> int:
    return _constant(m, shape) if m.random.random() < 0.3 else m.activation(shape)


def _attributes(m: Maker, kind: str) -> Attributes:
    if kind not in _FUSED:
        return ElementwiseAttributes()
    return AddAttributes(m.fused()) if kind == "ADD" else ArithmeticAttributes(m.fused())


def _output_scale(m: Maker, kind: str, first: int, second: int) -> float:
    """Mostly such that results neither vanish nor all saturate."""
    a, b = m.quantization(first).scale, m.quantization(second).scale
    if m.random.random() < 0.2:
        return m.scale()
    wide = m.random.uniform(0.3, 4)
    match kind:
        case "MUL":
            return float32(a * b * 60 * wide)
        case "DIV":
            return float32(a / b / 60 * wide)
        case "SQUARED_DIFFERENCE":
            return float32(max(a, b) ** 2 * 200 * wide)
    return float32(max(a, b) * wide)


def pair(kind: str) -> Case:
    def make(m: Maker) -> Graph:
        shape = _shape(m)
        first_shape, second_shape = stretched(m, shape)
        full = tuple(int(size) for size in np.broadcast_shapes(first_shape, second_shape))
        first = m.activation(first_shape)
        same = first_shape == second_shape and m.random.random() < 0.1
        second = first if same else _second(m, second_shape)
        inputs = [first, second]
        if m.random.random() < 0.5:
            inputs.reverse()
        if m.random.random() < 0.15:  # equal scales
            like = m.quantization(first)
            m.tensors = [
                Tensor(t.name, t.shape, t.dtype, Quantization(like.scales, (m.zero_point(),)), t.data)
                for t in m.tensors
            ]
        scale = _output_scale(m, kind, inputs[0], inputs[1])
        output = m.activation(full, Quantization((scale,), (m.zero_point(),)))
        return m.graph(kind, inputs, output, _attributes(m, kind))

    return make


def unary(kind: str) -> Case:
    def make(m: Maker) -> Graph:
        source = m.activation((1, 16, 16))
        scale = m.quantization(source).scale
        match kind:
            case "RSQRT":
                result = float32(1 / (scale * 60) ** 0.5 / m.random.choice([20, 100, 200]))
            case "HARD_SWISH":
                result = float32(scale * m.random.uniform(0.01, 3))
            case _:
                result = scale if m.random.random() < 0.2 else m.scale()
        attributes: Attributes = ElementwiseAttributes()
        if kind == "LEAKY_RELU":
            attributes = LeakyReluAttributes(float32(m.random.choice([0.0, 0.01, 0.1, 0.3, 1.0, 2.5])))
        return m.graph(
            kind, [source], m.activation((1, 16, 16), Quantization((result,), (m.zero_point(),))), attributes
        )

    return make


def reduction(kind: str) -> Case:
    def make(m: Maker) -> Graph:
        shape = tuple(m.random.choice([1, 2, 3, 4, 7]) for _ in range(m.random.randint(1, 6)))
        axes = [axis for axis in range(len(shape)) if m.random.random() < 0.5] or [0]
        stored = [axis - len(shape) if m.random.random() < 0.3 else axis for axis in axes]
        m.random.shuffle(stored)
        stored += stored[:1] if m.random.random() < 0.1 else []  # named twice
        keep = m.random.random() < 0.5
        result = tuple(1 if i in axes else n for i, n in enumerate(shape) if keep or i not in axes)
        source, indices = (
            m.activation(shape),
            m.integers(stored if len(stored) != 1 else m.random.choice([stored, stored[0]])),
        )
        like = m.quantization(source)
        if kind == "SUM" and m.random.random() < 0.7:
            count = int(np.prod([shape[axis] for axis in axes]))
            like = Quantization((float32(like.scale * count**0.5),), (m.zero_point(),))
        elif kind in ("SUM", "MEAN"):
            like = Quantization((m.scale(),), (m.zero_point(),))
        return m.graph(kind, [source, indices], m.activation(result, like), ReduceAttributes(keep))

    return make


def arg(kind: str) -> Case:
    def make(m: Maker) -> Graph:
        shape = tuple(m.random.choice([1, 2, 3, 4, 7]) for _ in range(m.random.randint(1, 4)))
        axis = m.random.randrange(len(shape))
        source = m.activation(shape)
        stored = axis - len(shape) if m.random.random() < 0.3 else axis
        index = m.integers(m.random.choice([stored, [stored]]))
        output = m.add(Tensor("o", shape[:axis] + shape[axis + 1 :], DType.INT32))
        return m.graph(kind, [source, index], output, ElementwiseAttributes())

    return make


def transpose_conv(m: Maker) -> Graph:
    shape = m.pictures(m.random.randint(1, 9))
    kernel = (m.random.randint(1, 5), m.random.randint(1, 5))
    stride = (m.random.randint(1, 3), m.random.randint(1, 3))
    padding = m.random.choice(list(Padding))
    sizes = [
        size * s if padding is Padding.SAME else (size - 1) * s + k
        for size, s, k in zip(shape[1:3], stride, kernel, strict=True)
    ]
    if m.random.random() < 0.2:
        sizes = [max(1, size + m.random.randint(-2, 4)) for size in sizes]
    filters = m.random.randint(1, 9)
    result = (shape[0], *sizes, filters)
    wanted, weights = m.integers(result), m.weights((filters, *kernel, shape[3]), m.random.choice([0, None]))
    source = m.activation(shape)
    bias = m.bias(filters)
    attributes = WindowAttributes(stride, padding, activation=m.fused())
    return m.graph("TRANSPOSE_CONV", [wanted, weights, source, *bias], m.activation(result), attributes)


def softmax(m: Maker) -> Graph:
    which = m.random.random()
    if which < 0.5:
        return cases.softmax(m)
    if which < 0.75:
        return _wide_softmax(m)
    shape = m.random.choice([(1, m.random.randint(1, 40)), (7,), (2, 3, 2, 7), (1, 500)])
    source = m.activation(shape, Quantization((m.scale(0.0005, 4.0),), (m.zero_point(),)))
    output = m.add(Tensor("o", shape, DType.INT16, Quantization((1 / 65536,), (-32768,))))
    beta = float32(m.random.choice([1.0, 0.5, 3.0, 0.01]))
    return m.graph("SOFTMAX", [source], output, SoftmaxAttributes(beta))


def _wide_softmax(m: Maker) -> Graph:
    shape = m.random.choice([(1, m.random.randint(1, 40)), (7,), (2, 3, 2, 7), (1, 500)])
    source = m.add(Tensor("x", shape, DType.INT16, Quantization((m.scale(1e-6, 1e-2),), (0,))))
    output = m.add(Tensor("o", shape, DType.INT16, Quantization((1 / 32768,), (0,))))
    return m.graph("SOFTMAX", [source], output, SoftmaxAttributes(float32(m.random.choice([1.0, 0.5, 3.0]))))


def sigmoid(kind: str) -> Case:
    narrow = {"LOGISTIC": Quantization((1 / 256,), (-128,)), "TANH": Quantization((1 / 128,), (0,))}[kind]

    def make(m: Maker) -> Graph:
        shape = (1, 16, 16)
        if m.random.random() < 0.5:
            return m.graph(kind, [m.activation(shape)], m.activation(shape, narrow), ElementwiseAttributes())
        scale = m.random.choice([2.0**-12, 2.0**-11, m.scale(1e-6, 2.0), m.scale(1e-5, 1e-3)])
        source = m.add(Tensor("x", shape, DType.INT16, Quantization((scale,), (0,))))
        output = m.add(Tensor("o", shape, DType.INT16, Quantization((2.0**-15,), (0,))))
        return m.graph(kind, [source], output, ElementwiseAttributes())

    return make


def wide(case: Case, kept: int = -1, share: float = 0.3) -> Case:
    """The same with int16 activations now and then; the input at the position `kept` stays as it is."""

    def make(m: Maker) -> Graph:
        graph = case(m)
        inputs = graph.nodes[0].inputs
        keep = inputs[kept] if kept >= 0 else -1
        if m.random.random() > share or inputs.count(keep) > 1:
            return graph
        tensors = tuple(t if i == keep else _widened(t) for i, t in enumerate(graph.tensors))
        return replace(graph, tensors=tensors)

    return make


def _widened(tensor: Tensor) -> Tensor:
    if tensor.dtype is not DType.INT8 or tensor.quantization is None:
        return tensor
    data = None if tensor.data is None else (np.asarray(tensor.data).astype(np.int16) * 250)
    return Tensor(tensor.name, tensor.shape, DType.INT16, Quantization(tensor.quantization.scales, (0,)), data)


CASES: dict[str, Case] = {
    **{kind: wide(pair(kind)) for kind in ("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE")},
    "DIV": pair("DIV"),
    "PRELU": wide(pair("PRELU"), kept=1),
    **{kind: unary(kind) for kind in ("ELU", "HARD_SWISH", "RSQRT")},
    **{kind: wide(unary(kind)) for kind in ("ABS", "LEAKY_RELU", "RELU", "RELU6")},
    **{kind: reduction(kind) for kind in ("REDUCE_MAX", "REDUCE_MIN")},
    **{kind: wide(reduction(kind)) for kind in ("MEAN", "SUM")},
    "ARG_MAX": arg("ARG_MAX"),
    "ARG_MIN": arg("ARG_MIN"),
    "LOGISTIC": sigmoid("LOGISTIC"),
    "SOFTMAX": softmax,
    "TANH": sigmoid("TANH"),
    "TRANSPOSE_CONV": transpose_conv,
}
