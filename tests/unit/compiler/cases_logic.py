"""Random graphs of comparisons, choices, arithmetic of int32, and of operators whose sums run over a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mlforge.compiler.fixed_point import float32
from mlforge.compiler.graph import Attributes, DType, Graph, Quantization, Shape, Tensor
from mlforge.compiler.ops.add import AddAttributes
from mlforge.compiler.ops.cumsum import CumsumAttributes
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.shared.scaled_pair import ArithmeticAttributes
from tests.unit.compiler import cases_arithmetic
from tests.unit.compiler.cases import Maker
from tests.unit.compiler.cases_arithmetic import Case, stretched

_RANK = 4  # the interpreter's comparisons have no more


def _shape(m: Maker) -> Shape:
    if m.random.random() < 0.3:
        return (1, 16, 16)  # room for every value of int8
    return tuple(m.random.choice([1, 2, 3, 5]) for _ in range(m.random.randint(1, _RANK)))


def _full(*shapes: Shape) -> Shape:
    return tuple(int(size) for size in np.broadcast_shapes(*shapes))


def _number(m: Maker, shape: Shape, constant: bool) -> int:
    """int32 without a scale."""
    size = m.random.choice([3, 1000, 2**31 - 1])
    data = m.numbers.integers(-size, size, shape).astype(np.int32) if constant else None
    return m.add(Tensor(f"n{len(m.tensors)}", shape, DType.INT32, None, data))


def _truth(m: Maker, shape: Shape, constant: bool = False) -> int:
    data = m.numbers.random(shape) < 0.5 if constant else None
    return m.add(Tensor(f"t{len(m.tensors)}", shape, DType.BOOL, None, data))


def _two(m: Maker, make: Callable[[Maker, Shape, bool], int]) -> list[int]:
    """Two tensors that `make` makes, which fit together; sometimes one is constant, sometimes they are the same."""
    shapes = stretched(m, _shape(m))
    first = make(m, shapes[0], False)
    second = make(m, shapes[1], m.random.random() < 0.3)
    inputs = [first, first if shapes[0] == shapes[1] and m.random.random() < 0.1 else second]
    if m.random.random() < 0.5:
        inputs.reverse()
    return inputs


def _int8(m: Maker, shape: Shape, constant: bool) -> int:
    quantization = Quantization((m.scale(),), (m.zero_point(),))
    data = m.numbers.integers(-128, 128, shape, np.int8) if constant else None
    if data is not None and m.random.random() < 0.3:
        data = np.full(shape, m.random.choice([-128, 127, 3]), np.int8)
    return m.add(Tensor(f"a{len(m.tensors)}", shape, DType.INT8, quantization, data))


def comparison(kind: str) -> Case:
    def make(m: Maker) -> Graph:
        narrow = m.random.random() < 0.6
        inputs = _two(m, _int8 if narrow else _number)
        if narrow and m.random.random() < 0.5:  # equal values are rare otherwise
            like = m.tensors[inputs[0]].quantization
            m.tensors = [replace(tensor, quantization=like) for tensor in m.tensors]
        output = _truth(m, _full(*(m.tensors[index].shape for index in inputs)))
        return m.graph(kind, inputs, output, ElementwiseAttributes())

    return make


def truths(kind: str) -> Case:
    def make(m: Maker) -> Graph:
        if kind == "LOGICAL_NOT":
            shape = _shape(m)
            return m.graph(kind, [_truth(m, shape)], _truth(m, shape), ElementwiseAttributes())
        inputs = _two(m, _truth)
        output = _truth(m, _full(*(m.tensors[index].shape for index in inputs)))
        return m.graph(kind, inputs, output, ElementwiseAttributes())

    return make


def select(m: Maker) -> Graph:
    shape = _shape(m)
    dtype = m.random.choice([DType.INT8, DType.INT8, DType.INT16, DType.FLOAT32])
    shapes = [shape, *stretched(m, shape)]
    m.random.shuffle(shapes)
    condition = _truth(m, shapes[0], m.random.random() < 0.1)
    inputs = [condition]
    for position in (1, 2):
        data = m.numbers.integers(-100, 100, shapes[position]).astype(dtype.value)
        constant = position == 2 and m.random.random() < 0.3
        quantization = None if dtype is DType.FLOAT32 else Quantization((0.5,), (0,))
        inputs.append(m.add(Tensor(f"x{position}", shapes[position], dtype, quantization, data if constant else None)))
    output = m.add(Tensor("y", _full(*shapes), dtype, m.tensors[inputs[1]].quantization))
    return m.graph("SELECT_V2", inputs, output, ElementwiseAttributes())


def arithmetic(kind: str) -> Case:
    """Of int8 mostly, and of int32."""
    quantised = cases_arithmetic.CASES[kind]

    def make(m: Maker) -> Graph:
        if m.random.random() < 0.7:
            return quantised(m)
        inputs = _two(m, _number)
        shape = _full(*(m.tensors[index].shape for index in inputs))
        attributes: Attributes = ArithmeticAttributes(m.fused())
        if kind == "ADD":
            attributes = AddAttributes(m.fused())
        elif kind in ("MAXIMUM", "MINIMUM"):
            attributes = ElementwiseAttributes()
        return m.graph(kind, inputs, _number(m, shape, False), attributes)

    return make


def cumsum(m: Maker) -> Graph:
    shape = tuple(m.random.choice([1, 2, 3, 5, 20]) for _ in range(m.random.randint(1, 3)))
    axis = m.random.randrange(len(shape))
    source = m.activation(shape)
    stored = m.integers(axis - len(shape) if m.random.random() < 0.3 else axis)
    scale = float32(m.quantization(source).scale * m.random.uniform(0.5, 8))
    output = m.activation(shape, Quantization((scale,), (m.zero_point(),)))
    attributes = CumsumAttributes(m.random.random() < 0.5, m.random.random() < 0.5)
    return m.graph("CUMSUM", [source, stored], output, attributes)


def add_n(m: Maker) -> Graph:
    shape = _shape(m)
    like = Quantization((m.scale(),), (m.zero_point(),))
    inputs = [m.activation(shape, like) for _ in range(m.random.randint(2, 6))]
    if m.random.random() < 0.2:
        inputs.append(inputs[0])
    output = m.activation(shape, Quantization((float32(like.scale * m.random.uniform(0.5, 4)),), (m.zero_point(),)))
    return m.graph("ADD_N", inputs, output, ElementwiseAttributes())


def l2_normalization(m: Maker) -> Graph:
    shape = m.random.choice([(1, m.random.randint(1, 40)), (3, 5), (1, 2, 2, 7), (1, 3000), (70,)])
    source, output = m.activation(shape), m.activation(shape, Quantization((1 / 128,), (0,)))
    return m.graph("L2_NORMALIZATION", [source], output, ArithmeticAttributes())


def log_softmax(m: Maker) -> Graph:
    shape = m.random.choice([(1, m.random.randint(1, 40)), (3, 5), (1, 2, 2, 7), (1, 500)])
    source = m.activation(shape, Quantization((m.scale(0.0005, 4.0),), (m.zero_point(),)))
    output = m.activation(shape, Quantization((1 / 16,), (127,)))
    return m.graph("LOG_SOFTMAX", [source], output, ElementwiseAttributes())


COMPARISONS = ("EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL", "NOT_EQUAL")

CASES: dict[str, Case] = {
    **{kind: comparison(kind) for kind in COMPARISONS},
    **{kind: truths(kind) for kind in ("LOGICAL_AND", "LOGICAL_NOT", "LOGICAL_OR")},
    **{kind: arithmetic(kind) for kind in ("ADD", "DIV", "MAXIMUM", "MINIMUM", "MUL", "SUB")},
    "ADD_N": add_n,
    "CUMSUM": cumsum,
    "L2_NORMALIZATION": l2_normalization,
    "LOG_SOFTMAX": log_softmax,
    "SELECT_V2": select,
}
