"""Weights of int4, which the reader takes apart, as the interpreter does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mlforge.compiler import read_tflite
from mlforge.compiler.graph import Graph
from tests.oracle.sound import sound, sound_inputs
from tests.oracle.wheel import Oracle, Refusal
from tests.unit.compiler.cases import CASES, Maker
from tests.unit.compiler.registry import Reference
from tests.unit.compiler.tflite_writer import write_tflite

SEEDS = 12


def small(kind: str, seed: int) -> Graph:
    """With weights from -8 to 7, and one scale for dense layers, as the interpreter has them."""
    graph = sound(CASES[kind](Maker(seed)))
    index = graph.nodes[0].inputs[1]
    tensors = list(graph.tensors)
    quantization = tensors[index].quantization
    if quantization is not None and kind == "FULLY_CONNECTED":
        quantization = replace(quantization, scales=quantization.scales[:1], zero_points=(0,))
    data = (np.asarray(tensors[index].data, np.int64) >> 4).astype(np.int8)
    tensors[index] = replace(tensors[index], data=data, quantization=quantization)
    return sound(replace(graph, tensors=tuple(tensors)))


@pytest.mark.parametrize("kind", ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"])
def test_int4_weights(kind: str, newest: Oracle) -> None:
    graphs = [small(kind, seed) for seed in range(SEEDS)]
    questions = [(write_tflite(graph, nibbles=True), sound_inputs(graph, 2, 1)) for graph in graphs]
    for (data, inputs), answer in zip(questions, newest.answers(questions), strict=True):
        assert not isinstance(answer, Refusal), answer
        reference = Reference(read_tflite(data))
        for vector in range(2):
            expected = reference.run([array[vector] for array in inputs])
            np.testing.assert_array_equal(answer[0][vector], expected[0])
