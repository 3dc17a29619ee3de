"""Convolutions and dense layers of int16: what is refused, and how biases are laid out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlforge.compiler.emitter import compile_graph
from mlforge.compiler.graph import DType, Graph, Node, Quantization, Tensor
from mlforge.compiler.ops.fully_connected import FullyConnectedAttributes
from mlforge.compiler.ops.shared.window import Padding, WindowAttributes
from mlforge.compiler.tflite_reader import read_tflite
from mlforge.errors import ForgeError, UnsupportedOperatorError
from tests.unit.compiler import cases
from tests.unit.compiler.cases import Maker
from tests.unit.compiler.cases_int16 import activations_are_int16
from tests.unit.compiler.harness import SANITIZE, run_models
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


def test_sums_beyond_32_bits_do_not_wrap(tmp_path: Path) -> None:
    """2048 products of the largest values; with a bias of int32 the reference wraps."""
    values = np.array([-32768, 100, 32767])
    models = {}
    for kind in ("CONV_2D", "FULLY_CONNECTED"):
        for bias in (DType.INT32, DType.INT64, None):
            name = f"{kind}_{bias}".lower()
            graph = long_sum(kind, bias)
            inputs = np.stack([np.full(graph.tensors[0].shape, value, np.int16) for value in values])
            models[name] = (compile_graph(graph, name), [inputs])
    exact = values * 2048.0 * 127 * SCALES[0] * SCALES[1] / SCALES[2]
    for name, (result,) in run_models(tmp_path, models, ("-O1", *SANITIZE)).items():
        assert (
            np.abs(result.reshape(3, -1).astype(np.float64) - exact[:, None]).max() <= np.abs(exact).max() * 2**-14 + 1
        ), name


SCALES = (2.0**-15, 0.01, 0.1)


def long_sum(kind: str, bias: DType | None) -> Graph:
    x, w, y = ((1, 1, 1, 2048), (2, 1, 1, 2048), (1, 1, 1, 2)) if kind == "CONV_2D" else ((1, 2048), (2, 2048), (1, 2))
    scales = [Quantization((scale,), (0,)) for scale in SCALES]
    tensors = [
        Tensor("x", x, DType.INT16, scales[0]),
        Tensor("w", w, DType.INT8, scales[1], np.full(w, 127, np.int8)),
        Tensor("y", y, DType.INT16, scales[2]),
    ]
    if bias:
        tensors.append(Tensor("b", (2,), bias, None, np.zeros(2, bias.value)))
    attributes = WindowAttributes((1, 1), Padding.VALID) if kind == "CONV_2D" else FullyConnectedAttributes()
    return Graph(tuple(tensors), (Node(kind, (0, 1, 3)[: 3 if bias else 2], (2,), attributes),), (0,), (2,))
