"""Operators that cost nothing because memory is shared, what keeps them from it, and what the group refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlforge.compiler import compile_graph
from mlforge.compiler.graph import Attributes, DType, Graph, Node, Quantization, Tensor
from mlforge.compiler.ops.broadcast_to import BroadcastToAttributes
from mlforge.compiler.ops.concatenation import ConcatenationAttributes
from mlforge.compiler.ops.fill import FillAttributes
from mlforge.compiler.ops.gather import GatherAttributes
from mlforge.compiler.ops.operator import Part
from mlforge.compiler.ops.pack import PackAttributes
from mlforge.compiler.ops.pad import PadAttributes
from mlforge.compiler.ops.shape import ShapeAttributes
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.shared.resizing import ResizeAttributes
from mlforge.compiler.ops.shared.splitting import SplitAttributes
from mlforge.compiler.ops.shared.window import Padding, WindowAttributes
from mlforge.compiler.ops.slice import SliceAttributes
from mlforge.compiler.ops.strided_slice import StridedSliceAttributes
from mlforge.compiler.ops.transpose import TransposeAttributes
from mlforge.compiler.ops.unpack import UnpackAttributes
from mlforge.compiler.planner import Slice
from mlforge.compiler.sharing import Sharing
from mlforge.errors import UnsupportedOperatorError
from tests.unit.compiler.cases import Maker, inputs_for
from tests.unit.compiler.cases_movement import constant, data, graph_of, relu
from tests.unit.compiler.harness import run_models
from tests.unit.compiler.registry import Reference


def kinds(graph: Graph) -> list[str]:
    return [operator.kind for operator in compile_graph(graph, "m").program.operators]


def dense_block(m: Maker, rows: int) -> Graph:
    """As in a DenseNet: each result is put behind all earlier ones."""
    x = data(m, (1, rows, 8), DType.INT8)
    nodes, everything = [], x
    for size in (16, 24, 32):
        node, result = relu(m, everything)
        # its first 8 values in each row, as the new ones
        piece = data(m, (1, rows, 8), DType.INT8, x)
        cut = Node("SLICE", (result, m.integers([0, 0, 0]), m.integers([1, rows, 8])), (piece,), SliceAttributes())
        again, fresh = relu(m, piece)
        joined = data(m, (1, rows, size), DType.INT8, x)
        join = Node("CONCATENATION", (everything, fresh), (joined,), ConcatenationAttributes(2))
        nodes += [node, cut, again, join]
        everything = joined
    return graph_of(m, nodes, [everything])


def test_concatenations_nest_without_a_copy(tmp_path: Path) -> None:
    flat, tall = dense_block(Maker(1), 1), dense_block(Maker(1), 3)
    assert kinds(flat) == ["RELU", "RELU"] * 3
    assert kinds(tall).count("CONCATENATION") == 3
    models = {name: (compile_graph(g, name), inputs_for(g, 2, 1)) for name, g in (("flat", flat), ("tall", tall))}
    results = run_models(tmp_path, models)
    for name, graph in (("flat", flat), ("tall", tall)):
        want = Reference(graph).run([array[0] for array in models[name][1]])[0]
        np.testing.assert_array_equal(results[name][0][0], want)


def test_a_concatenation_without_a_copy_takes_no_more_than_its_output() -> None:
    m = Maker(1)
    x = data(m, (1, 64), DType.INT8)
    (first, a), (second, b) = relu(m, x), relu(m, x)
    joined = data(m, (1, 128), DType.INT8, x)
    graph = graph_of(
        m, [first, second, Node("CONCATENATION", (a, b), (joined,), ConcatenationAttributes(-1))], [joined]
    )
    compiled = compile_graph(graph, "m")
    assert [operator.kind for operator in compiled.program.operators] == ["RELU", "RELU"]
    assert compiled.program.arena_bytes == compiled.lower_bound_bytes == 64 + 128


@pytest.mark.parametrize("case", ["twice", "constant", "unaligned", "part of another"])
def test_what_keeps_a_concatenation_from_sharing(case: str) -> None:
    m = Maker(1)
    size = 6 if case == "unaligned" else 8
    x = data(m, (1, size), DType.INT8)
    node, a = relu(m, x)
    _, b = (None, constant(m, (1, size), x)) if case == "constant" else relu(m, x)
    nodes = [node] if case == "constant" else [node, relu(m, x)[0]]
    if case == "twice":
        nodes, b = [node], a
    elif case != "constant":
        nodes = [node, Node("RELU", (x,), (b,), ElementwiseAttributes())]
    outputs = []
    if case == "part of another":
        other = data(m, (1, 2 * size), DType.INT8, x)
        nodes.append(Node("CONCATENATION", (b, a), (other,), ConcatenationAttributes(1)))
        outputs.append(other)
    joined = data(m, (1, 2 * size), DType.INT8, x)
    nodes.append(Node("CONCATENATION", (a, b), (joined,), ConcatenationAttributes(1)))
    assert kinds(graph_of(m, nodes, [joined, *outputs]))[-1] == "CONCATENATION"


def test_sharing_follows_parts_of_parts() -> None:
    sharing = Sharing([4, 8, 16, 4, 8, 32])
    assert sharing.share([Part(0, 1, 4)])
    assert sharing.share([Part(1, 2, 8)])
    assert sharing.share([Part(2, 5, 16)])
    assert sharing.views == {0: Slice(5, 28), 1: Slice(5, 24), 2: Slice(5, 16)}
    assert not sharing.share([Part(3, 4, 2)])  # unaligned
    assert not sharing.share([Part(1, 4)])  # some of tensor 5 already
    assert not sharing.share([Part(3, 4), Part(3, 4, 4)])  # in two places
    assert not sharing.share([Part(3, 4), Part(4, 3)])  # in each other
    assert set(sharing.views) == {0, 1, 2}


def test_padv2_with_zeros_is_folded_into_the_convolution() -> None:
    m = Maker(1)
    like = m.activation((1, 4, 4, 1), Quantization((0.1,), (5,)))
    amounts, padded = m.integers([[0, 0], [1, 1], [1, 1], [0, 0]]), data(m, (1, 6, 6, 1), DType.INT8, like)
    weights, result = m.weights((2, 3, 3, 1), None), m.activation((1, 4, 4, 2))
    found = {}
    for byte in (5, 6):
        value = m.add(replace(m.tensors[like], name="v", shape=(), data=np.array(byte, np.int8)))
        nodes = [
            Node("PADV2", (like, amounts, value), (padded,), PadAttributes()),
            Node("CONV_2D", (padded, weights), (result,), WindowAttributes((1, 1), Padding.VALID)),
        ]
        found[byte] = kinds(graph_of(m, nodes, [result]))
    assert found == {5: ["CONV_2D"], 6: ["PADV2", "CONV_2D"]}


Q = Quantization((0.5,), (3,))


def t(
    shape: tuple[int, ...], dtype: DType = DType.INT8, *, values: object = None, q: Quantization | None = Q
) -> Tensor:
    found = None if values is None else np.array(values, dtype.value).reshape(shape)
    return Tensor("t", shape, dtype, q if dtype is DType.INT8 else None, found)


def ints(*values: int) -> Tensor:
    return t((len(values),), DType.INT32, values=values)


X, Y = t((2, 3)), t((2, 3), q=Quantization((0.25,), (3,)))
PICTURE = t((1, 2, 2, 3))
F = DType.FLOAT32

REFUSED: list[tuple[str, list[Tensor], list[Tensor], Attributes, str]] = [
    ("SQUEEZE", [t((1, 3))], [t((4,))], ElementwiseAttributes(), "as many elements"),
    ("CONCATENATION", [X, Y], [t((4, 3))], ConcatenationAttributes(0), "quantisation"),
    ("CONCATENATION", [X, X], [t((4, 3), F)], ConcatenationAttributes(0), "the output's type"),
    ("CONCATENATION", [X, t((2, 4))], [t((4, 3))], ConcatenationAttributes(0), "but along the axis"),
    ("CONCATENATION", [X], [t((4, 3))], ConcatenationAttributes(0), "add up"),
    ("CONCATENATION", [X], [X], ConcatenationAttributes(2), "the axis is 2"),
    ("PACK", [X, t((3, 2))], [t((2, 2, 3))], PackAttributes(2), "one shape"),
    ("PACK", [X], [t((2, 2, 3))], PackAttributes(1), "a new dimension"),
    ("PACK", [X], [t((1, 2, 3))], PackAttributes(3), "3 values"),
    ("UNPACK", [X], [t((3,))], UnpackAttributes(1), "one output for each index"),
    ("UNPACK", [X], [t((3,)), t((2,))], UnpackAttributes(2), "input's shape"),
    ("SPLIT", [ints(1), X], [t((2, 1)), t((2, 2))], SplitAttributes(), "equal shares"),
    ("SPLIT", [ints(2), X], [X], SplitAttributes(), "the axis is 2"),
    ("SPLIT", [t((1,), DType.INT32), X], [X], SplitAttributes(), "not constant"),
    ("SPLIT_V", [X, ints(1, 1), ints(1)], [t((2, 1)), t((2, 1))], SplitAttributes(), "add up"),
    ("SLICE", [X, ints(0, 1), ints(2, 3)], [t((2, 3))], SliceAttributes(), "the piece lies inside"),
    ("SLICE", [X, ints(0, -1), ints(2, 1)], [t((2, 1))], SliceAttributes(), "begin is"),
    ("SLICE", [X, ints(0), ints(2)], [X], SliceAttributes(), "for 2 dimensions"),
    ("STRIDED_SLICE", [X, ints(0, 0), ints(2, 3), ints(1, 0)], [X], StridedSliceAttributes(), "a stride is 0"),
    ("STRIDED_SLICE", [X, ints(2, 0), ints(3, 3), ints(1, 1)], [X], StridedSliceAttributes(), "at least one element"),
    ("STRIDED_SLICE", [X, ints(0, 0), ints(2, 3), ints(1, 1)], [X], StridedSliceAttributes(0, 0, 1), "No ellipsis"),
    ("STRIDED_SLICE", [X, ints(0, 0), ints(2, 2), ints(1, 1)], [X], StridedSliceAttributes(), "where [2, 2] follows"),
    ("GATHER", [X, ints(0, 3)], [t((2, 2))], GatherAttributes(1), "the indices are 0 to 3"),
    ("GATHER", [X, t((2,))], [t((2, 2))], GatherAttributes(1), "int32"),
    ("GATHER", [X, ints(0)], [t((1, 2))], GatherAttributes(0), "where [1, 3] follows"),
    ("GATHER", [X, ints(0)], [t((2, 1))], GatherAttributes(1, 1), "1 batch dimensions"),
    ("TRANSPOSE", [X, ints(0, 0)], [X], TransposeAttributes(), "every axis once"),
    ("TRANSPOSE", [X, ints(1, 0)], [X], TransposeAttributes(), "where [3, 2] follows"),
    ("TRANSPOSE", [t((1,) * 6), ints(0, 1, 2, 3, 4, 5)], [t((1,) * 6)], TransposeAttributes(), "more than 5"),
    ("PAD", [X, ints(1, 1)], [X], PadAttributes(), "the paddings"),
    (
        "PADV2",
        [X, t((2, 2), DType.INT32, values=[0] * 4), t((), values=1, q=Y.quantization)],
        [X],
        PadAttributes(),
        "0.25",
    ),
    (
        "PADV2",
        [X, t((2, 2), DType.INT32, values=[0] * 4), t((2,), values=[1, 1])],
        [X],
        PadAttributes(),
        "one constant",
    ),
    (
        "PADV2",
        [t((2,), F), t((1, 2), DType.INT32, values=[0] * 2), t((), F, values=1)],
        [t((2,), F)],
        PadAttributes(),
        "1.0",
    ),
    ("BROADCAST_TO", [X, ints(4, 3)], [t((4, 3))], BroadcastToAttributes(), "is 1 or the same"),
    ("FILL", [ints(2, 3), t((2,))], [X], FillAttributes(), "one value"),
    ("FILL", [ints(3, 2), t(())], [X], FillAttributes(), "the output's shape"),
    ("SHAPE", [X], [t((2,))], ShapeAttributes(), "int32"),
    ("RESIZE_BILINEAR", [PICTURE, ints(4, 4)], [PICTURE], ResizeAttributes(), "where [1, 4, 4, 3] follows"),
    ("RESIZE_BILINEAR", [PICTURE, ints(2, 2)], [PICTURE], ResizeAttributes(True, True), "both are set"),
    ("RESIZE_BILINEAR", [PICTURE, ints(3000, 2)], [t((1, 3000, 2, 3))], ResizeAttributes(), "read behind the input"),
    ("RESIZE_BILINEAR", [t((1, 2, 2, 3), F), ints(2, 2)], [t((1, 2, 2, 3), F)], ResizeAttributes(), "int8"),
    ("RESIZE_NEAREST_NEIGHBOR", [PICTURE, ints(4)], [PICTURE], ResizeAttributes(), "the size"),
    ("QUANTIZE", [t((2,), F)], [t((2,), DType.INT32)], ElementwiseAttributes(), "float32 or int32"),
    ("QUANTIZE", [t((2,), q=None)], [t((2,))], ElementwiseAttributes(), "no quantisation"),
    ("DEQUANTIZE", [t((2,))], [t((2,))], ElementwiseAttributes(), "the output is float32"),
    ("DEQUANTIZE", [t((2,), DType.INT32)], [t((2,), F)], ElementwiseAttributes(), "int8 or int16"),
]


@pytest.mark.parametrize("case", REFUSED, ids=[f"{case[0]}-{case[4]}" for case in REFUSED])
def test_refused_by_name(case: tuple[str, list[Tensor], list[Tensor], Attributes, str]) -> None:
    kind, inputs, outputs, attributes, words = case
    tensors = (*inputs, *outputs)
    count = len(inputs)
    node = Node(kind, tuple(range(count)), tuple(range(count, len(tensors))), attributes)
    given = tuple(index for index in range(count) if not tensors[index].is_constant)
    with pytest.raises(UnsupportedOperatorError) as refusal:
        compile_graph(Graph(tensors, (node,), given, node.outputs), "m")
    assert kind in str(refusal.value)
    assert words in str(refusal.value)
