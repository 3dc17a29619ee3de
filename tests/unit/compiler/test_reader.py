"""The reader against good files, and against files that somebody broke."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mlforge.compiler import compile_graph, read_tflite
from mlforge.compiler.from_architecture import lower_architecture
from mlforge.compiler.graph import ABSENT, DType, Graph, Node, Quantization, Tensor
from mlforge.compiler.ops.conv_2d import Conv2D
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.errors import ModelError, UnsupportedOperatorError
from mlforge.records.architecture import (
    Activation,
    Architecture,
    Conv,
    Dense,
    GlobalAveragePool,
    Head,
    MaxPool,
    Residual,
    SeparableConv,
)
from tests.fuzz.fields import fields_of
from tests.unit.compiler.cases import Maker
from tests.unit.compiler.registry import CASES
from tests.unit.compiler.tflite_writer import RESOURCE_KINDS, write_tflite

ARCHITECTURE = Architecture(
    (24, 1, 3),
    (
        Conv(4, (3, 1), (2, 1)),
        SeparableConv(6, (3, 1)),
        Residual((Conv(6, (3, 1), activation=Activation.NONE),)),
        MaxPool((2, 1), (2, 1)),
        GlobalAveragePool(),
        Dense(5),
    ),
    4,
    Head.SOFTMAX,
)

INPUT = Tensor("x", (1, 4), DType.INT8, Quantization((0.5,), (0,)))
OUTPUT = Tensor("y", (1, 4), DType.INT8, Quantization((0.25,), (3,)))
RELU = Node("RELU", (0,), (1,), ElementwiseAttributes())
SMALL = Graph((INPUT, OUTPUT), (RELU,), (0,), (1,))


def test_variables_take_the_place_of_their_handles() -> None:
    """A file has a handle where the graph has the variable, which comes behind all tensors of the file."""
    for seed in range(10):
        graph = CASES["READ_VARIABLE"](Maker(seed))
        again = read_tflite(write_tflite(graph))
        assert [node.kind for node in again.nodes] == [node.kind for node in graph.nodes]
        (was,) = (tensor for tensor in graph.tensors if tensor.is_variable)
        (now,) = (tensor for tensor in again.tensors if tensor.is_variable)
        assert (now.name, now.shape, now.dtype, now.quantization) == (was.name, was.shape, was.dtype, was.quantization)
        assert (now.initial is None) == (was.initial is None)
        if was.initial is not None:
            np.testing.assert_array_equal(now.initial, was.initial)


@pytest.mark.parametrize("kind", sorted({*CASES} - {*RESOURCE_KINDS}))
def test_reads_what_was_written(kind: str) -> None:
    for seed in range(10):
        graph = CASES[kind](Maker(seed))
        again = read_tflite(write_tflite(graph))
        assert again.nodes == graph.nodes
        assert (again.inputs, again.outputs) == (graph.inputs, graph.outputs)
        assert len(again.tensors) == len(graph.tensors)
        for index in {*graph.inputs, *(i for n in graph.nodes for i in (*n.inputs, *n.outputs) if i != ABSENT)}:
            got, want = again.tensors[index], graph.tensors[index]
            assert (got.name, got.shape, got.dtype, got.quantization) == (
                want.name,
                want.shape,
                want.dtype,
                want.quantization,
            )
            if want.data is not None:
                np.testing.assert_array_equal(got.data, want.data)
        assert compile_graph(again, "m").program == compile_graph(graph, "m").program


def changed(**changes: object) -> Graph:
    fields = {"tensors": SMALL.tensors, "nodes": SMALL.nodes, "inputs": (0,), "outputs": (1,)}
    return Graph(**{**fields, **changes})  # type: ignore[arg-type]


def with_tensor(**changes: object) -> Graph:
    fields = {"name": "x", "shape": (1, 4), "dtype": DType.INT8, "quantization": INPUT.quantization}
    return changed(tensors=(Tensor(**{**fields, **changes}), OUTPUT))  # type: ignore[arg-type]


BROKEN: dict[str, tuple[Callable[[], Graph], str]] = {
    "unknown input": (lambda: changed(nodes=(Node("RELU", (7,), (1,), ElementwiseAttributes()),)), "no tensor 7"),
    "negative output": (lambda: changed(nodes=(Node("RELU", (0,), (-2,), ElementwiseAttributes()),)), "no tensor -2"),
    "cycle": (
        lambda: changed(
            tensors=(INPUT, OUTPUT, OUTPUT),
            nodes=(
                Node("RELU", (2,), (1,), ElementwiseAttributes()),
                Node("RELU", (1,), (2,), ElementwiseAttributes()),
            ),
        ),
        "before anything has written it",
    ),
    "writes its input": (
        lambda: changed(nodes=(Node("RELU", (0,), (0,), ElementwiseAttributes()),)),
        "already written",
    ),
    "written twice": (lambda: changed(nodes=(RELU, RELU)), "already written"),
    "output never written": (lambda: changed(nodes=()), "nothing writes it"),
    "no outputs": (lambda: changed(outputs=()), "at least one"),
    "input listed twice": (lambda: changed(inputs=(0, 0)), "listed twice"),
    "zero dimension": (lambda: with_tensor(shape=(1, 0)), "dimension"),
    "negative dimension": (lambda: with_tensor(shape=(-1, 4)), "dimension"),
    "enormous": (lambda: with_tensor(shape=(2**31 - 1, 2**31 - 1)), "elements"),
    "seven dimensions": (lambda: with_tensor(shape=(1,) * 7), "dimensions"),
    "scale nan": (lambda: with_tensor(quantization=Quantization((float("nan"),), (0,))), "scale"),
    "scale infinite": (lambda: with_tensor(quantization=Quantization((float("inf"),), (0,))), "scale"),
    "scale zero": (lambda: with_tensor(quantization=Quantization((0.0,), (0,))), "scale"),
    "scale negative": (lambda: with_tensor(quantization=Quantization((-1.0,), (0,))), "scale"),
    "zero point": (lambda: with_tensor(quantization=Quantization((1.0,), (128,))), "zero point 128"),
    "scales without zero points": (
        lambda: with_tensor(quantization=Quantization((1.0, 1.0, 1.0), (0, 0))),
        "zero points",
    ),
    "axis": (lambda: with_tensor(quantization=Quantization((1.0, 1.0), (0, 0), 5)), "axis"),
    "scales along an activation": (lambda: with_tensor(quantization=Quantization((1.0,) * 4, (0,) * 4, 1)), "4 scales"),
    "no quantisation": (lambda: with_tensor(quantization=None), "no quantisation"),
    "float input": (lambda: with_tensor(dtype=DType.FLOAT32), "float32"),
    "other shape": (lambda: with_tensor(shape=(1, 5)), "shapes"),
    "operator": (lambda: changed(nodes=(Node("HASHTABLE", (0,), (1,), ElementwiseAttributes()),)), "HASHTABLE"),
    "too many inputs": (lambda: changed(nodes=(Node("RELU", (0, 0), (1,), ElementwiseAttributes()),)), "2 inputs"),
}


@pytest.mark.parametrize("case", sorted(BROKEN))
def test_refuses(case: str) -> None:
    make, words = BROKEN[case]
    with pytest.raises(ModelError, match=words):
        compile_graph(read_tflite(write_tflite(make())), "m")


def test_unsupported_operator_is_named_with_what_is_accepted() -> None:
    graph = changed(nodes=(Node("COS", (0,), (1,), ElementwiseAttributes()),))
    with pytest.raises(UnsupportedOperatorError) as caught:
        read_tflite(write_tflite(graph))
    assert caught.value.operator == "COS"
    assert "before the model" in caught.value.hint


@pytest.mark.parametrize("kind", ["RELU", "SIN", "GELU"])
def test_floats_are_refused_with_the_cure(kind: str) -> None:
    node = Node(kind, (0,), (1,), ElementwiseAttributes())
    graph = replace(
        SMALL,
        tensors=tuple(replace(tensor, dtype=DType.FLOAT32, quantization=None) for tensor in SMALL.tensors),
        nodes=(node,),
    )
    with pytest.raises(UnsupportedOperatorError, match="computes in float32") as caught:
        compile_graph(read_tflite(write_tflite(graph)), "m")
    assert "representative data set" in caught.value.hint


def test_one_zero_point_is_that_of_all_scales() -> None:
    graph = CASES["CONV_2D"](Maker(2))
    index = graph.nodes[0].inputs[1]
    before = graph.tensors[index].quantization
    assert before is not None and before.per_channel
    tensors = list(graph.tensors)
    tensors[index] = replace(tensors[index], quantization=replace(before, zero_points=(0,)))
    again = read_tflite(write_tflite(replace(graph, tensors=tuple(tensors))))
    assert again.tensors[index].quantization == before


@pytest.mark.parametrize("kind", ["CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "SOFTMAX", "AVERAGE_POOL_2D"])
def test_operators_without_their_options_are_refused(kind: str) -> None:
    """TensorFlow Lite Micro takes strides for 0 then, and divides by them."""
    data = bytearray(write_tflite(CASES[kind](Maker(1))))
    for field in fields_of(bytes(data)):
        if field.kind == "options type":
            data[field.position] = 0
    with pytest.raises(UnsupportedOperatorError, match=f"{kind}: the file has no options"):
        read_tflite(bytes(data))


def test_constraint_gives_its_docstring_as_hint() -> None:
    graph = CASES["CONV_2D"](Maker(1))
    wrong = Tensor("b", (99,), DType.INT32, None, np.zeros(99, np.int32))
    node = graph.nodes[0]
    graph = Graph(
        (*graph.tensors, wrong),
        (Node(node.kind, (*node.inputs[:2], len(graph.tensors)), node.outputs, node.attributes),),
        graph.inputs,
        graph.outputs,
    )
    with pytest.raises(UnsupportedOperatorError) as caught:
        compile_graph(graph, "m")
    assert caught.value.hint.removeprefix("accepted: ") in {
        " ".join((constraint.__doc__ or "").split()) for constraint in Conv2D.constraints
    }


@pytest.mark.parametrize("data", [b"", b"TFL3", b"\0" * 100, b"\x10\0\0\0TFL3" + b"\xff" * 100, b"{}" * 50])
def test_refuses_what_is_no_model(data: bytes) -> None:
    with pytest.raises(ModelError):
        read_tflite(data)


def test_buffer_of_the_wrong_size() -> None:
    graph = CASES["FULLY_CONNECTED"](Maker(3))
    short = graph.tensors[1]
    tensors = list(graph.tensors)
    tensors[1] = Tensor(short.name, short.shape, short.dtype, short.quantization, np.zeros(3, np.int8))
    with pytest.raises(ModelError, match="buffer has 3"):
        read_tflite(write_tflite(Graph(tuple(tensors), graph.nodes, graph.inputs, graph.outputs)))


def test_truncated_at_every_length() -> None:
    data = write_tflite(lower_architecture(ARCHITECTURE, 1))
    for length in range(0, len(data), 7):
        with pytest.raises(ModelError):
            compile_graph(read_tflite(data[:length]), "m")


def mutated(data: bytes, chance: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 4, 16])):
        position = chance.randrange(len(out))
        match chance.randrange(4):
            case 0:
                out[position] = chance.randrange(256)
            case 1:
                out[position] ^= 1 << chance.randrange(8)
            case 2:
                value = chance.choice([0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, chance.randrange(1 << 32)])
                position -= position % 4
                out[position : position + 4] = value.to_bytes(4, "little")
            case _:
                source = chance.randrange(len(out))
                out[position : position + 8] = out[source : source + 8]
    return bytes(out[: len(data)])


def test_two_thousand_mutations_end_as_model_errors_or_models() -> None:
    chance = random.Random(2)
    originals = [write_tflite(lower_architecture(ARCHITECTURE, 1))]
    originals += [write_tflite(CASES[kind](Maker(5))) for kind in sorted(CASES)]
    accepted, slowest = 0, 0.0
    for _ in range(2000):
        data = mutated(chance.choice(originals), chance)
        start = time.monotonic()
        try:
            compile_graph(read_tflite(data), "m")
            accepted += 1
        except ModelError:
            pass
        slowest = max(slowest, time.monotonic() - start)
    assert 0 < accepted < 2000
    assert slowest < 5


def test_a_call_of_a_missing_subgraph_is_refused() -> None:
    """Subgraphs that nothing runs do not matter; what CALL_ONCE runs must be there."""
    graph = next(g for seed in range(20) if (g := CASES["READ_VARIABLE"](Maker(seed))).tensors[-1].initial is not None)
    data = bytearray(write_tflite(graph))
    places = [f.position for f in fields_of(bytes(data)) if f.kind == "option"]
    ones = [at for at in places if data[at : at + 4] == b"\x01\x00\x00\x00"]
    data[ones[0] : ones[0] + 4] = b"\x07\x00\x00\x00"
    with pytest.raises(ModelError, match="no subgraph 7"):
        read_tflite(bytes(data))
