"""What the compiler makes of an architecture before training is what TensorFlow's converter makes of it afterwards.

Costs are measured on the first and shipped with the second, so the operators, their order, shapes, weights and fused
activations must agree. Only numbers may differ.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from mlforge.compiler import read_tflite
from mlforge.compiler.from_architecture import lower_architecture
from mlforge.compiler.graph import Graph
from mlforge.contract import Task
from mlforge.records.architecture import (
    Activation,
    Architecture,
    AveragePool,
    Conv,
    Dense,
    DepthwiseConv,
    Dropout,
    GlobalAveragePool,
    Head,
    Layer,
    MaxPool,
    Padding,
    Residual,
    SeparableConv,
    Shape,
)
from mlforge.records.quality import Metric
from mlforge.search.registry import proposer_named
from mlforge.search.space import space_for

pytestmark = pytest.mark.requires(packages=("tensorflow",))

NONE, RELU6, VALID = Activation.NONE, Activation.RELU6, Padding.VALID


def network(shape: Shape, *layers: Layer, outputs: int = 5, head: Head = Head.SOFTMAX) -> Architecture:
    return Architecture(shape, layers, outputs, head)


ARCHITECTURES = {
    "signal": network((64, 1, 6), Conv(8, (5, 1), (2, 1)), SeparableConv(16, (3, 1), (2, 1)), GlobalAveragePool()),
    "odd extents": network((63, 1, 3), Conv(4, (4, 1), (3, 1)), DepthwiseConv((3, 1), (2, 1)), Dropout(0.3), Dense(9)),
    "residual": network(
        (32, 1, 4),
        Conv(8, (3, 1)),
        Residual((DepthwiseConv((5, 1)), Conv(8, (1, 1), activation=NONE))),
        Residual((SeparableConv(8, (3, 1)),), NONE),
        MaxPool((2, 1), (2, 1)),
        Residual((Conv(8, (3, 1), activation=RELU6),), RELU6),
        GlobalAveragePool(),
        Dense(16),
    ),
    "residual at the input": network((16, 1, 4), Residual((Conv(4, (3, 1), activation=NONE),)), GlobalAveragePool()),
    "no batch norm": network(
        (20, 1, 2),
        Conv(6, (3, 1), padding=VALID, activation=RELU6, batch_norm=False),
        DepthwiseConv((3, 1), padding=VALID, batch_norm=False, multiplier=2, activation=NONE),
        SeparableConv(8, (3, 1), batch_norm=False, activation=RELU6),
        AveragePool((3, 1), (2, 1), Padding.SAME),
    ),
    "one channel": network(
        (40, 1, 1), DepthwiseConv((5, 1), (2, 1), multiplier=4), Conv(4, (3, 1)), GlobalAveragePool()
    ),
    "one channel alone": network((40, 1, 1), SeparableConv(4, (3, 1)), MaxPool((4, 1), (3, 1)), Dense(3)),
    "picture": network(
        (17, 12, 3),
        Conv(8, (3, 3), (2, 2)),
        SeparableConv(12, (3, 3), (2, 2), activation=RELU6),
        Residual((SeparableConv(12, (3, 3), activation=NONE),)),
        AveragePool((2, 2), (2, 2)),
        GlobalAveragePool(),
        Dropout(0.2),
    ),
    "linear stack": network((16, 1, 2), Conv(4, (3, 1), activation=NONE), Conv(4, (3, 1), activation=NONE), Dense(4)),
    "vector": network((10,), Dense(16), Dropout(0.1), Dense(8, RELU6), outputs=2, head=Head.LINEAR),
    "autoencoder": network((12, 1, 2), Dense(16), Dense(3), Dense(16), outputs=24, head=Head.LINEAR),
    "pooled only": network((16, 1, 3), GlobalAveragePool(), Dense(4), outputs=1, head=Head.LINEAR),
    "pools first": network((16, 1, 3), MaxPool((2, 1), (2, 1)), Conv(4, (3, 1)), AveragePool((8, 1), (8, 1))),
}


def proposed() -> Iterator[tuple[str, Architecture]]:
    for task, shape, outputs in (
        (Task.CLASSIFICATION, (128, 1, 6), 7),
        (Task.CLASSIFICATION, (24, 24, 1), 4),
        (Task.REGRESSION, (8,), 2),
        (Task.ANOMALY, (6, 1, 4), 24),
    ):
        proposer = proposer_named("random", space_for(task, shape, outputs), 1, Metric.ACCURACY)
        for number in range(4):
            yield f"{task} {shape} {number}", proposer.propose(number, []).architecture


CASES = {**ARCHITECTURES, **dict(proposed())}


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Graph]:
    place = tmp_path_factory.mktemp("converted")
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("convert_untrained.py"), place],
        input="\n".join(architecture.to_json() for architecture in CASES.values()),
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return {name: read_tflite((place / f"{number}.tflite").read_bytes()) for number, name in enumerate(CASES)}


def structure(graph: Graph) -> list[dict[str, Any]]:
    """What cost depends on, operator by operator."""
    return [
        {
            "kind": node.kind,
            # A reshape's second input repeats its output's shape.
            "inputs": [_tensor(graph, tensor) for tensor in node.inputs[: 1 if node.kind == "RESHAPE" else None]],
            "outputs": [_tensor(graph, tensor) for tensor in node.outputs],
            "attributes": _attributes(graph, node),
        }
        for node in graph.nodes
    ]


def _tensor(graph: Graph, index: int) -> tuple[Any, ...]:
    tensor = graph.tensors[index]
    scales = len(tensor.quantization.scales) if tensor.quantization else 0
    return tensor.shape, tensor.dtype, tensor.data is not None, scales


def _attributes(graph: Graph, node: Any) -> dict[str, Any]:
    """Strides along an axis with one step on both sides say nothing: TensorFlow's depthwise wants equal ones."""
    values = {field.name: getattr(node.attributes, field.name) for field in fields(node.attributes)}
    before, after = graph.tensors[node.inputs[0]].shape, graph.tensors[node.outputs[0]].shape
    if "stride" in values:
        pairs = zip(values["stride"], before[1:3], after[1:3], strict=True)
        values["stride"] = tuple(1 if a == b == 1 else stride for stride, a, b in pairs)
    return values


@pytest.mark.parametrize("name", CASES)
def test_the_lowered_architecture_is_the_converted_model(name: str, converted: dict[str, Graph]) -> None:
    lowered = structure(lower_architecture(CASES[name], seed=1))
    trained = structure(converted[name])
    assert [node["kind"] for node in lowered] == [node["kind"] for node in trained]
    for mine, theirs in zip(lowered, trained, strict=True):
        assert mine == theirs
