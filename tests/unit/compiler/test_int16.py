"""Convolutions and dense layers of int16: what is refused, and how biases are laid out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mlforge.compiler.emitter import compile_graph
from mlforge.compiler.graph import DType, Graph, Quantization, Tensor
from mlforge.compiler.tflite_reader import read_tflite
from mlforge.errors import ForgeError, UnsupportedOperatorError
from tests.unit.compiler import cases
from tests.unit.compiler.cases import Maker
from tests.unit.compiler.cases_int16 import activations_are_int16
from tests.unit.compiler.tflite_writer import write_tflite

MAKERS: dict[str, Callable[[Maker], Graph]] = {
    "CONV_2D": cases.conv_2d,
    "DEPTHWISE_CONV_2D": cases.depthwise_conv_2d,
    "FULLY_CONNECTED": cases.fully_connected,
}


def layer(kind: str, bias: object, dtype: DType = DType.INT64) -> Graph:
    """With a bias that has the same value everywhere."""
    for seed in range(100):
        graph = activations_are_int16(MAKERS[kind](Maker(seed)))
        if len(graph.nodes[0].inputs) == 3:
            break
    index = graph.nodes[0].inputs[2]
    data = np.full(graph.tensors[index].shape, bias, dtype.value)
    return with_tensor(graph, 2, dtype=dtype, data=data)


def with_tensor(graph: Graph, position: int, **changes: object) -> Graph:
    index = graph.nodes[0].inputs[position] if position >= 0 else graph.nodes[0].outputs[0]
    tensors = list(graph.tensors)
    tensors[index] = replace(tensors[index], **changes)  # type: ignore[arg-type]
    return replace(graph, tensors=tuple(tensors))


REFUSED: dict[str, tuple[Callable[[], Graph], str]] = {
    "depthwise bias int32": (lambda: layer("DEPTHWISE_CONV_2D", 1, DType.INT32), "the bias"),
    "bias int16": (lambda: layer("FULLY_CONNECTED", 1, DType.INT16), "the bias"),
    "bias beyond 2^47": (lambda: layer("CONV_2D", 1 << 47), "the bias goes"),
    "smallest bias": (lambda: layer("CONV_2D", -(1 << 63)), "the bias goes"),
    "sum beyond 2^47": (lambda: layer("FULLY_CONNECTED", (1 << 47) - 2), "a sum may reach"),
    "zero point": (
        lambda: with_tensor(layer("CONV_2D", 1), 0, quantization=Quantization((0.1,), (1,))),
        "has the zero point 1",
    ),
    "int8 output": (
        lambda: with_tensor(layer("CONV_2D", 1), -1, dtype=DType.INT8, quantization=Quantization((0.1,), (0,))),
        "is int8",
    ),
    "fine output": (
        lambda: with_tensor(layer("CONV_2D", 1), -1, quantization=Quantization((1e-9,), (0,))),
        "the scales are",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses(case: str) -> None:
    make, words = REFUSED[case]
    with pytest.raises(UnsupportedOperatorError, match=words):
        compile_graph(make(), "m")


@pytest.mark.parametrize(
    ("bias", "table"),
    [(1 << 31, "const int64_t m_w00_bias"), ((1 << 31) - 1, "const int32_t m_w00_bias")],
)
def test_a_bias_takes_64_bits_where_it_must(bias: int, table: str) -> None:
    assert table in compile_graph(layer("CONV_2D", bias), "m").program.sources["m_model.c"]


def test_a_bias_of_zero_takes_no_bytes() -> None:
    assert "_bias[" not in compile_graph(layer("CONV_2D", 0), "m").program.sources["m_model.c"]


def test_int64_is_for_constants() -> None:
    tensors = tuple(Tensor(name, (4,), DType.INT64) for name in "ab")
    graph = replace(layer("CONV_2D", 1), tensors=tensors, nodes=(), inputs=(0,), outputs=(0,))
    with pytest.raises(ForgeError, match="int64, which only constants may be"):
        compile_graph(graph, "m")


def test_scales_of_a_bias_may_run_along_the_axis_of_the_weights() -> None:
    """As in TensorFlow Lite Micro's own person_detect model; along which axis says nothing where there is one."""
    graph = layer("DEPTHWISE_CONV_2D", 1)
    channels = graph.tensors[graph.nodes[0].inputs[2]].elements
    odd = with_tensor(graph, 2, quantization=Quantization((0.5,) * channels, (0,) * channels, axis=3))
    compile_graph(read_tflite(write_tflite(odd)), "m")
