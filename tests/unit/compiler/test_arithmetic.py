"""What the element-wise operators, reductions and TRANSPOSE_CONV refuse, and how they are lowered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from mlforge.compiler.emitter import compile_graph
from mlforge.compiler.graph import Attributes, DType, Graph, Node, Quantization, Tensor, validate
from mlforge.compiler.isa import Isa
from mlforge.compiler.lowering import lower_graph
from mlforge.compiler.ops.leaky_relu import LeakyReluAttributes
from mlforge.compiler.ops.operator import Lowered
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.shared.reduction import ReduceAttributes
from mlforge.compiler.ops.shared.scaled_pair import ArithmeticAttributes
from mlforge.compiler.ops.shared.tables import exp_table, logistic_table, reciprocal_table
from mlforge.compiler.ops.shared.window import Padding, WindowAttributes
from mlforge.compiler.ops.softmax import SoftmaxAttributes
from mlforge.errors import UnsupportedOperatorError
from tests.unit.compiler.cases import Maker
from tests.unit.compiler.registry import CASES

PLAIN = Quantization((0.5,), (3,))
WIDE = Quantization((0.001,), (0,))


def tensor(shape: tuple[int, ...], quantization: Quantization | None = PLAIN, dtype: DType = DType.INT8) -> Tensor:
    return Tensor("t", shape, dtype, quantization)


def constant(values: object, quantization: Quantization | None = None, dtype: DType = DType.INT32) -> Tensor:
    data = np.array(values, dtype.value)
    return Tensor("c", data.shape, dtype, quantization, data)


def graph(node: Node, *tensors: Tensor) -> Graph:
    """The last tensor is the output; inputs of the model are those that are not constant."""
    named = tuple(replace(t, name=f"t{i}") for i, t in enumerate(tensors))
    inputs = tuple(i for i, t in enumerate(named[:-1]) if not t.is_constant)
    made = Graph(named, (node,), inputs, (len(named) - 1,))
    validate(made)
    return made


def pair(kind: str, a: Tensor, b: Tensor, output: Tensor) -> Graph:
    fused = kind in ("ADD", "SUB", "MUL", "DIV")
    return graph(Node(kind, (0, 1), (2,), ArithmeticAttributes() if fused else ElementwiseAttributes()), a, b, output)


def unary(kind: str, a: Tensor, output: Tensor, attributes: Attributes | None = None) -> Graph:
    return graph(Node(kind, (0,), (1,), attributes or ElementwiseAttributes()), a, output)


def reduction(kind: str, a: Tensor, axes: Tensor, output: Tensor, keep: bool = False) -> Graph:
    return graph(Node(kind, (0, 1), (2,), ReduceAttributes(keep)), a, axes, output)


def arg(a: Tensor, axis: Tensor, output: Tensor) -> Graph:
    return graph(Node("ARG_MAX", (0, 1), (2,), ElementwiseAttributes()), a, axis, output)


def softmax(a: Tensor, output: Tensor, beta: float = 1.0) -> Graph:
    return unary("SOFTMAX", a, output, SoftmaxAttributes(beta))


def transpose_conv(stride: int = 2, position: int = -1, other: Tensor | None = None) -> Graph:
    """A good one, but for one tensor."""
    tensors = [
        constant([1, 4, 4, 2]),
        constant(np.ones((2, 2, 2, 3)), Quantization((0.1,), (0,)), DType.INT8),
        tensor((1, 2, 2, 3)),
        constant([1, 2]),
        tensor((1, 4, 4, 2)),
    ]
    if other is not None:
        tensors[position] = other
    attributes = WindowAttributes((stride, stride), Padding.SAME)
    return graph(Node("TRANSPOSE_CONV", (0, 1, 2, 3), (4,), attributes), *tensors)


A, B = tensor((2, 3)), tensor((2, 1))
INT16 = tensor((2, 3), WIDE, DType.INT16)
FAR = tensor((2, 3), Quantization((1e-12,), (0,)))
HUGE = tensor((2, 3), Quantization((1e6,), (0,)))

REFUSED: dict[str, tuple[Callable[[], Graph], str]] = {
    "types differ": (lambda: pair("SUB", A, INT16, A), "the inputs are"),
    "operand int32": (lambda: pair("MUL", A, tensor((2, 3), None, DType.INT32), A), "int32"),
    "operand without quantisation": (lambda: pair("MUL", A, tensor((2, 3), None), A), "no quantisation"),
    "operand with scales": (
        lambda: pair("MAXIMUM", A, tensor((2, 3), Quantization((1.0,) * 3, (0,) * 3, 1)), A),
        "3 scales",
    ),
    "constant with scale 0": (
        lambda: pair("DIV", A, constant([[1]], Quantization((0.0,), (0,)), DType.INT8), A),
        "scale 0",
    ),
    "both constant": (
        lambda: graph(
            Node("ADD", (1, 2), (3,), ArithmeticAttributes()),
            A,
            constant([1], PLAIN, DType.INT8),
            constant([1], PLAIN, DType.INT8),
            tensor((1,)),
        ),
        "both inputs are constant",
    ),
    "int16 with a zero point": (lambda: pair("ADD", tensor((2, 3), PLAIN, DType.INT16), INT16, INT16), "zero point 3"),
    "shapes do not fit": (lambda: pair("ADD", A, tensor((2, 2)), A), "the shapes are"),
    "output does not follow": (lambda: pair("ADD", A, B, tensor((3, 2))), "follows"),
    "output of another type": (lambda: pair("ADD", A, B, INT16), "int16"),
    "ADD into a tiny scale": (lambda: pair("ADD", A, B, FAR), "scale"),
    "SUB into a tiny scale": (lambda: pair("SUB", A, B, FAR), "scale"),
    "DIV of int16": (lambda: pair("DIV", INT16, INT16, INT16), "the first input is"),
    "DIV with scales far apart": (lambda: pair("DIV", HUGE, A, FAR), "too far apart"),
    "PRELU with alpha of int16": (lambda: pair("PRELU", INT16, INT16, INT16), "the second input is"),
    "ABS into a tiny scale": (lambda: unary("ABS", A, FAR), "the scales are"),
    "RELU of another shape": (lambda: unary("RELU", A, B), "the shapes are"),
    "LEAKY_RELU with alpha below 0": (lambda: unary("LEAKY_RELU", A, A, LeakyReluAttributes(-0.5)), "alpha"),
    "LEAKY_RELU with alpha nan": (lambda: unary("LEAKY_RELU", A, A, LeakyReluAttributes(float("nan"))), "alpha"),
    "ELU with scales far apart": (lambda: unary("ELU", A, FAR), "the scales are"),
    "ELU of int16": (lambda: unary("ELU", INT16, INT16), "int16"),
    "HARD_SWISH with a tiny output": (lambda: unary("HARD_SWISH", A, FAR), "the scales are"),
    "RSQRT with a huge output": (lambda: unary("RSQRT", A, HUGE), "it is"),
    "TANH of a huge scale": (lambda: unary("TANH", HUGE, tensor((2, 3), Quantization((1 / 128,), (0,)))), "scale"),
    "LOGISTIC into another scale": (lambda: unary("LOGISTIC", A, A), "the output has the scale"),
    "SOFTMAX into another scale": (lambda: softmax(A, A), "the output is"),
    "SOFTMAX of int16 to int8": (lambda: softmax(INT16, tensor((2, 3), Quantization((1 / 256,), (-128,)))), "output"),
    "SOFTMAX with beta 0": (lambda: softmax(A, tensor((2, 3), Quantization((1 / 256,), (-128,))), 0.0), "beta"),
    "SOFTMAX of int16 with a huge beta": (
        lambda: softmax(INT16, tensor((2, 3), Quantization((1 / 32768,), (0,)), DType.INT16), 1e6),
        "beta",
    ),
    "axes not constant": (lambda: reduction("SUM", A, tensor((1,), None, DType.INT32), tensor((2,))), "not constant"),
    "axes out of range": (lambda: reduction("MEAN", A, constant([2]), tensor((2,))), "2 dimensions"),
    "axes of two dimensions": (lambda: reduction("MEAN", A, constant([[1]]), tensor((2,))), "the axes"),
    "reduced shape": (lambda: reduction("MEAN", A, constant([1]), tensor((3,))), "follows"),
    "reduced shape kept": (lambda: reduction("SUM", A, constant([1]), tensor((2,)), keep=True), "follows"),
    "sum of too many": (lambda: reduction("SUM", tensor((5000, 1000)), constant([0, 1]), tensor(())), "5000000"),
    "sum of too many int16": (
        lambda: reduction("SUM", tensor((70000,), WIDE, DType.INT16), constant([0]), tensor((), WIDE, DType.INT16)),
        "70000",
    ),
    "REDUCE_MAX into another scale": (
        lambda: reduction("REDUCE_MAX", A, constant([1]), replace(FAR, shape=(2,))),
        "sc",
    ),
    "ARG_MAX along two axes": (lambda: arg(A, constant([0, 1]), tensor((3,), None, DType.INT32)), "the axis"),
    "ARG_MAX out of range": (lambda: arg(A, constant(-3), tensor((3,), None, DType.INT32)), "the axis is -3"),
    "ARG_MAX to int8": (lambda: arg(A, constant(0), tensor((3,))), "the output is"),
    "TRANSPOSE_CONV stride": (lambda: transpose_conv(stride=0), "they are"),
    "TRANSPOSE_CONV shape": (lambda: transpose_conv(2, 0, constant([1, 4, 4, 3])), r"it is \[1, 4, 4, 3\]"),
    "TRANSPOSE_CONV shape of five": (
        lambda: transpose_conv(2, 0, tensor((5,), None, DType.INT32)),
        "the shape .* is int32",
    ),
    "TRANSPOSE_CONV weights": (
        lambda: transpose_conv(2, 1, constant(np.ones((2, 2, 2, 4)), Quantization((0.1,), (0,)), DType.INT8)),
        "the weights are",
    ),
    "TRANSPOSE_CONV input of three dimensions": (lambda: transpose_conv(2, 2, tensor((2, 2, 3))), "tensor"),
    "TRANSPOSE_CONV input of int16": (
        lambda: transpose_conv(2, 2, tensor((1, 2, 2, 3), WIDE, DType.INT16)),
        "tensor",
    ),
    "TRANSPOSE_CONV bias": (lambda: transpose_conv(2, 3, constant([1, 2, 3])), "the bias"),
    "TRANSPOSE_CONV with scales far apart": (
        lambda: transpose_conv(2, 4, tensor((1, 4, 4, 2), Quantization((1e-12,), (0,)))),
        "scale",
    ),
}


@pytest.mark.parametrize("case", sorted(REFUSED))
def test_refuses(case: str) -> None:
    make, words = REFUSED[case]
    with pytest.raises(UnsupportedOperatorError, match=words) as caught:
        compile_graph(make(), "m")
    assert caught.value.hint.startswith("accepted: ")


def test_good_neighbours_of_what_is_refused() -> None:
    compile_graph(transpose_conv(), "m")
    compile_graph(pair("ADD", A, B, A), "m")
    compile_graph(reduction("SUM", A, constant([1]), tensor((2,))), "m")


def lowered(made: Graph) -> Lowered:
    return lower_graph(made, Isa.GENERIC).calls[0].lowered


@pytest.mark.parametrize("kind", ["ADD", "SUB", "MUL", "DIV", "MAXIMUM", "PRELU", "SQUARED_DIFFERENCE"])
def test_uniform_constant_makes_a_table(kind: str) -> None:
    same = constant(np.full((2, 3), 7), PLAIN, DType.INT8)
    assert lowered(pair(kind, A, same, A)).kernel == "mlforge_lookup_s8"
    other = constant([[7, 8, 7], [7, 7, 7]], PLAIN, DType.INT8)
    call = lowered(pair(kind, A, other, A))
    assert call.kernel != "mlforge_lookup_s8"
    assert list(call.constant_inputs) == [1]


def test_output_takes_the_place_of_a_full_input_only() -> None:
    call = lowered(pair("MUL", A, B, A))
    assert call.in_place == {0}
    stretched = lowered(pair("MUL", tensor((1, 3)), B, A))
    assert not stretched.in_place


def walks() -> Iterator[tuple[Graph, dict[str, tuple[int, ...]]]]:
    for seed in range(200):
        made = CASES["MUL"](Maker(seed))
        call = lowered(made)
        if "walk" in call.parameters:
            yield made, call.parameters["walk"]  # type: ignore[misc]


def test_walks_visit_what_numpy_would() -> None:
    count = 0
    for made, walk in walks():
        shapes = [made.tensors[index].shape for index in made.nodes[0].inputs]
        full = made.tensors[made.nodes[0].outputs[0]].shape
        for shape, steps in zip(shapes, (walk["step_1"], walk["step_2"]), strict=True):
            wanted = np.broadcast_to(np.arange(int(np.prod(shape))).reshape(shape), full).reshape(-1)
            found = np.zeros(walk["size"], np.int64)
            for axis, (size, step) in enumerate(zip(walk["size"], steps, strict=True)):
                found += (np.arange(size) * step).reshape([-1 if i == axis else 1 for i in range(len(steps))])
            np.testing.assert_array_equal(found.reshape(-1), wanted)
            assert steps[-1] in (0, 1)
            count += 1
    assert count > 50


def test_tables_are_near_the_functions() -> None:
    x = np.arange(513) / 512
    assert np.abs(exp_table() / 32768 - np.exp(10 * x - 10)).max() < 2e-4
    assert np.abs(reciprocal_table() / 32768 - 1 / (1 + x)).max() < 1e-4
    assert np.abs(logistic_table() / 65536 - 1 / (1 + np.exp(-np.arange(256) / 24))).max() < 4e-5
