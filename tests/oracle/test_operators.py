"""Every operator as TensorFlow Lite Micro's interpreter computes it.

Here the judge judges the references in tests/unit/compiler, which judge our kernels there.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mlforge.compiler.graph import Graph
from tests.oracle.sound import is_defined, sound, sound_inputs
from tests.oracle.wheel import Oracle, Refusal
from tests.unit.compiler.cases import Maker
from tests.unit.compiler.registry import OF_TFLITE, Reference
from tests.unit.compiler.tflite_writer import write_tflite

VECTORS = 3
SEEDS = 12

# What the engine does and the interpreter does not: what the interpreter then says.
BEYOND = {
    "EXPAND_DIMS": "only currently supports int8, int16 and float32",
    "FILL": "only currently supports float32",
    "GATHER": "is not supported by gather",
    "RESIZE_NEAREST_NEIGHBOR": "type INT32 (2) not supported",
    "BATCH_TO_SPACE_ND": "not supported",
    "DEPTH_TO_SPACE": "data_type == kTfLiteFloat32",
    "MIRROR_PAD": "failed to invoke",  # int16 and int32
    "SPACE_TO_BATCH_ND": "not supported",
    "SPACE_TO_DEPTH": "data_type == kTfLiteFloat32",
    "SQUEEZE": "out_idx < output_dims->size",  # some of several dimensions of size 1
    "SVDF": "it ended with the status -11",  # without a bias
    "TRANSPOSE": "Type INT32 is currently not supported",
}

Answer = list[NDArray[np.generic]] | Refusal


@pytest.fixture(scope="module")
def cases() -> dict[str, list[Graph]]:
    made = {kind: [sound(make(Maker(seed))) for seed in range(SEEDS)] for kind, make in OF_TFLITE.items()}
    return {kind: [graph for graph in graphs if is_defined(graph)] for kind, graphs in made.items()}


@pytest.fixture(scope="module")
def answers(newest: Oracle, cases: dict[str, list[Graph]]) -> dict[str, list[Answer]]:
    questions = [
        (write_tflite(graph), sound_inputs(graph, VECTORS, seed))
        for graphs in cases.values()
        for seed, graph in enumerate(graphs)
    ]
    given = iter(newest.answers(questions))
    return {kind: [next(given) for _ in graphs] for kind, graphs in cases.items()}


@pytest.mark.parametrize("kind", sorted(OF_TFLITE))
def test_the_interpreter_computes_the_same_bytes(
    kind: str, cases: dict[str, list[Graph]], answers: dict[str, list[Answer]]
) -> None:
    refused = 0
    for seed, (graph, answer) in enumerate(zip(cases[kind], answers[kind], strict=True)):
        if isinstance(answer, Refusal):
            assert kind in BEYOND and BEYOND[kind] in answer.reason, f"{kind} {seed}: {answer.reason}"
            refused += 1
            continue
        reference, inputs = Reference(graph), sound_inputs(graph, VECTORS, seed)
        for vector in range(VECTORS):
            expected = reference.run([array[vector] for array in inputs])
            for got, want in zip(answer, expected, strict=True):
                assert got[vector].tobytes() == np.asarray(want).astype(got.dtype).tobytes(), f"{kind} {seed}"
    assert refused < SEEDS / 2
