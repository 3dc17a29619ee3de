"""Factors made of scales: in doubles or in float32, which a few of all values of int16 tell apart."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mlforge.compiler.fixed_point import float32
from mlforge.compiler.graph import Attributes, DType, Graph, Node, Quantization, Tensor
from mlforge.compiler.ops.leaky_relu import LeakyReluAttributes
from mlforge.compiler.ops.shared.scaled_pair import ArithmeticAttributes
from tests.oracle.wheel import Oracle, Refusal
from tests.unit.compiler.registry import Reference
from tests.unit.compiler.tflite_writer import write_tflite

SOME = np.arange(-32768, 32768, 8).astype(np.int16).reshape(1, 1, -1)
ATTRIBUTES: dict[str, Attributes] = {"LEAKY_RELU": LeakyReluAttributes(float32(0.3)), "SUB": ArithmeticAttributes()}


def case(kind: str, seed: int) -> tuple[Graph, list[NDArray[np.int16]]]:
    """Values from all of int16, less random ones for SUB."""
    numbers = np.random.default_rng(seed)
    count = 2 if kind == "SUB" else 1
    scales = [float32(scale) for scale in numbers.uniform(0.0005, 0.002, count + 1)]
    tensors = tuple(
        Tensor(f"t{at}", SOME.shape[1:], DType.INT16, Quantization((scale,), (0,))) for at, scale in enumerate(scales)
    )
    inputs = tuple(range(count))
    graph = Graph(tensors, (Node(kind, inputs, (count,), ATTRIBUTES[kind]),), inputs, (count,))
    return graph, [SOME, numbers.integers(-32768, 32768, SOME.shape).astype(np.int16)][:count]


@pytest.mark.parametrize("kind", sorted(ATTRIBUTES))
def test_values_of_int16(newest: Oracle, kind: str) -> None:
    cases = [case(kind, seed) for seed in range(3)]
    answers = newest.answers([(write_tflite(graph), inputs) for graph, inputs in cases])
    for (graph, inputs), answer in zip(cases, answers, strict=True):
        assert not isinstance(answer, Refusal), answer
        (expected,) = Reference(graph).run([array[0] for array in inputs])
        np.testing.assert_array_equal(answer[0][0], expected)
