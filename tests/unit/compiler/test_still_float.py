""" "int8" models that are still float are found out, and it is said how they only look like int8."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mlforge.compiler.graph import DType, Graph
from mlforge.compiler.still_float import refuse_still_float
from mlforge.compiler.tflite_reader import read_tflite
from mlforge.errors import ModelError
from tests.programs.locked_app import tiny_tflite


@pytest.fixture
def graph() -> Graph:
    return read_tflite(tiny_tflite())


def floats(graph: Graph, ends: DType) -> Graph:
    """The graph with float activations inside, and ends of a type."""
    outside = {*graph.inputs, *graph.outputs}
    made = {index for node in graph.nodes for index in node.outputs} - outside
    tensors = tuple(
        replace(one, dtype=DType.FLOAT32) if index in made else replace(one, dtype=ends) if index in outside else one
        for index, one in enumerate(graph.tensors)
    )
    return replace(graph, tensors=tensors)


def test_int8_is_let_through(graph: Graph) -> None:
    refuse_still_float(graph)


def test_weights_alone_are_int8(graph: Graph) -> None:
    weighted = any(one.data is not None and one.data.dtype == np.int8 for one in graph.tensors)
    assert weighted, "the model has weights"
    with pytest.raises(ModelError, match="dynamic range quantisation") as caught:
        refuse_still_float(floats(graph, DType.FLOAT32))
    assert "operator 0" in caught.value.message


def test_ends_alone_are_int8(graph: Graph) -> None:
    between = floats(graph, DType.INT8)
    inner = replace(between.nodes[0], outputs=between.nodes[0].outputs)
    changed = replace(
        between,
        nodes=(inner, *between.nodes[1:]),
        outputs=graph.inputs,
        tensors=tuple(
            replace(one, dtype=DType.FLOAT32) if index in inner.outputs else one
            for index, one in enumerate(between.tensors)
        ),
    )
    with pytest.raises(ModelError, match="its input and output are int8, what is between them is not"):
        refuse_still_float(changed)
