"""What the schema says in an old way and in a new one, read as TensorFlow Lite Micro reads it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mlforge.compiler import compile_graph, read_tflite
from mlforge.compiler.graph import Graph
from tests.oracle.wheel import Oracle, Refusal
from tests.unit.compiler.harness import SANITIZE, run_models

FILES = Path(__file__).parents[1] / "corpus" / "schema"
KINDS = {
    "mul_deprecated0": ["MUL"],
    "prelu_deprecated0": ["PRELU"],
    "hello_world_new_opcode_only": ["FULLY_CONNECTED"] * 3,
    "sum_beyond_32_bits": ["CONV_2D"],
}


def graph_of(name: str) -> Graph:
    return read_tflite((FILES / f"{name}.tflite").read_bytes())


def inputs(graph: Graph, vectors: int) -> list[np.ndarray]:
    """Random, but for the last two: the smallest values and the largest."""
    numbers = np.random.default_rng(1)
    arrays = []
    for tensor in (graph.tensors[index] for index in graph.inputs):
        info = np.iinfo(tensor.dtype.value)
        array = numbers.integers(info.min, info.max, (vectors, *tensor.shape), tensor.dtype.value, endpoint=True)
        array[-2:] = np.array([info.min, info.max]).reshape(2, *[1] * len(tensor.shape))
        arrays.append(array)
    return arrays


@pytest.mark.parametrize("name", sorted(KINDS))
def test_the_larger_of_both_operator_codes_counts(name: str) -> None:
    assert [node.kind for node in graph_of(name).nodes] == KINDS[name]


def test_the_files_of_the_corpus(newest: Oracle, tmp_path: Path) -> None:
    """The bytes of the interpreter. One of them has sums of 2048 products, which 32 bits do not hold."""
    graphs = {name: graph_of(name) for name in sorted(KINDS)}
    given = {name: inputs(graph, 6) for name, graph in graphs.items()}
    models = {name: (compile_graph(graph, name), given[name]) for name, graph in graphs.items()}
    results = run_models(tmp_path, models, ("-O1", *SANITIZE))
    questions = [((FILES / f"{name}.tflite").read_bytes(), given[name]) for name in graphs]
    for name, answer in zip(graphs, newest.answers(questions), strict=True):
        assert not isinstance(answer, Refusal), answer
        for got, want in zip(results[name], answer, strict=True):
            np.testing.assert_array_equal(got, want, err_msg=name)
