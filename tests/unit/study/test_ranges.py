"""How tensors use int8, seen by running the model with every output laid open."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mlforge.compiler.from_architecture import lower_architecture
from mlforge.compiler.graph import Graph
from mlforge.records.architecture import (
    Activation,
    Architecture,
    Conv,
    Dense,
    DepthwiseConv,
    GlobalAveragePool,
    Head,
    Residual,
)
from mlforge.records.attempt import TensorRange
from mlforge.study.winner.ranges import tensor_ranges
from mlforge.targets.registry import target_named

HOST = target_named("host")
pytestmark = pytest.mark.requires(target="host")

NETWORK = Architecture(
    (24, 1, 4),
    (
        Conv(8, (3, 1)),
        Residual((DepthwiseConv((3, 1)), Conv(8, (1, 1), activation=Activation.NONE))),
        GlobalAveragePool(),
        Dense(6, Activation.RELU6),
    ),
    3,
    Head.SOFTMAX,
)
INPUTS = np.random.default_rng(1).integers(-128, 128, (30, 96), dtype=np.int8)


def ranges(graph: Graph) -> dict[tuple[str, bool], TensorRange]:
    return {(one.name, one.weights): one for one in tensor_ranges(graph, "network", HOST, INPUTS)}


def rescaled(graph: Graph, name: str, factor: float) -> Graph:
    tensors = list(graph.tensors)
    for index, tensor in enumerate(tensors):
        if tensor.name == name and tensor.data is None and tensor.quantization:
            scales = tuple(float(np.float32(scale * factor)) for scale in tensor.quantization.scales)
            tensors[index] = replace(tensor, quantization=replace(tensor.quantization, scales=scales))
    return replace(graph, tensors=tuple(tensors))


def test_every_operator_with_a_range_of_its_own_is_there_once() -> None:
    graph = lower_architecture(NETWORK, seed=1)
    found = tensor_ranges(graph, "network", HOST, INPUTS)
    kinds = [(one.kind, one.weights) for one in found]
    assert kinds == [
        ("CONV_2D", True),
        ("CONV_2D", False),
        ("DEPTHWISE_CONV_2D", True),
        ("DEPTHWISE_CONV_2D", False),
        ("CONV_2D", True),
        ("CONV_2D", False),
        ("ADD", False),
        ("AVERAGE_POOL_2D", False),
        ("FULLY_CONNECTED", True),
        ("FULLY_CONNECTED", False),
        ("FULLY_CONNECTED", True),
        ("FULLY_CONNECTED", False),
    ]
    assert [one.channels for one in found] == [8, 8, 8, 8, 8, 8, 8, 8, 6, 6, 3, 3]
    assert all(0 <= one.narrowest <= one.used <= 1 and 0 <= one.saturated <= 1 for one in found)


def test_a_range_too_small_clips_and_one_too_large_lies_idle() -> None:
    graph = lower_architecture(NETWORK, seed=1)
    name = "l1_1"  # behind it no activation
    usual, tight, wide = (ranges(rescaled(graph, name, factor))[name, False] for factor in (1, 1 / 50, 50))
    assert usual.saturated < 0.05 < 0.5 < tight.saturated
    assert wide.saturated == 0.0
    assert wide.used < 0.1 < usual.used


def test_the_zero_of_a_rectified_layer_is_no_clipping() -> None:
    usual = ranges(lower_architecture(NETWORK, seed=1))["l0", False]
    assert usual.saturated < 0.2  # although about half of its values are zero


def test_a_channel_that_is_hardly_used_is_found() -> None:
    graph = lower_architecture(NETWORK, seed=1)
    before = ranges(graph)["outputs/weights", True].narrowest
    tensors = list(graph.tensors)
    for index, tensor in enumerate(tensors):
        if tensor.name == "outputs/weights" and tensor.data is not None:
            data = tensor.data.copy()
            data[1] = data[1] // 100
            tensors[index] = replace(tensor, data=data)
    after = ranges(replace(graph, tensors=tuple(tensors)))["outputs/weights", True]
    assert before > 0.4 > 0.03 > after.narrowest
    assert after.used > 0.4
