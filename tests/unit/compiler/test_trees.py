"""Trees: tables that would leave the forest are refused, and files are read back as they were written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mlforge.compiler import read_tflite
from mlforge.compiler.graph import DType, Graph, Quantization, Tensor
from mlforge.compiler.isa import Isa
from mlforge.compiler.lowering import check_graph, lower_graph
from mlforge.compiler.ops.trees import depths
from mlforge.compiler.tflite_writer import write_tflite
from mlforge.errors import ModelError
from tests.unit.compiler.cases import Maker
from tests.unit.compiler.cases_trees import trees

_ROOTS, _TARGETS, _SPLITS, _LEAVES, _BASE, _OUTPUT = range(1, 7)
_SCALE = Quantization((0.001,), (0,))


def forest(**changes: Any) -> Graph:
    """Two trees over three features, whose tables are changed."""
    tables: dict[str, Any] = {
        "roots": [0, 2],
        "targets": [0, 1],
        "splits": [[0, 5, 1, -1], [2, -3, -2, -3], [1, 0, -1, -2]],
        "base": [0, 7],
        "leaves": [[1], [-5], [300]],
    } | changes
    constants = [
        Tensor(name, np.shape(tables[name]), DType.INT32, None, np.array(tables[name], np.int32))
        for name in ("roots", "targets", "splits")
    ]
    leaves = np.array(tables["leaves"], np.int16)
    base = np.array(tables["base"], np.int32)
    return Graph(
        (
            Tensor("x", (1, 3), DType.INT8, Quantization((0.1,), (3,))),
            *constants,
            Tensor("leaves", leaves.shape, DType.INT16, _SCALE, leaves),
            Tensor("base", base.shape, DType.INT32, None, base),
            Tensor("y", (1, 2), DType.INT16, tables.get("output", _SCALE)),
        ),
        trees(Maker(0)).nodes,
        (0,),
        (_OUTPUT,),
    )


def test_a_sound_forest() -> None:
    check_graph(forest())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"roots": [0, 3]}, "the places are"),
        ({"roots": [0, -4]}, "the places are"),
        ({"splits": [[0, 5, 0, -1], [2, -3, -2, -3], [1, 0, -1, -2]]}, "a split comes before"),
        ({"splits": [[0, 5, 1, -1], [2, -3, 0, -3], [1, 0, -1, -2]]}, "a split comes before"),
        ({"splits": [[3, 5, 1, -1], [2, -3, -2, -3], [1, 0, -1, -2]]}, "the features are"),
        ({"splits": [[0, 128, 1, -1], [2, -3, -2, -3], [1, 0, -1, -2]]}, "the thresholds are"),
        ({"targets": [0, 2]}, "the targets are"),
        ({"leaves": [[1, 1], [2, 2], [3, 3]]}, "the targets are"),
        ({"targets": [0]}, "they are"),
        ({"base": [0, 1 << 30]}, "base is"),
        ({"base": [0, 1, 2]}, "they are"),
        ({"output": Quantization((0.0001,), (0,))}, "the scales are"),
    ],
)
def test_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ModelError, match=told):
        check_graph(forest(**changes))


def test_the_most_comparisons_are_known() -> None:
    splits = np.array(forest().tensors[_SPLITS].data, np.int64)
    assert depths(splits, np.array([0, 2, -1, 1])).tolist() == [2, 1, 0, 1]
    assert "2 trees, 3 splits, at most 3 comparisons" in lower_graph(forest(), Isa.GENERIC).calls[0].lowered.note


@pytest.mark.parametrize("seed", range(5))
def test_a_file_is_read_back(seed: int) -> None:
    graph = trees(Maker(seed))
    back = read_tflite(write_tflite(graph))
    assert back.nodes == graph.nodes
    assert (back.inputs, back.outputs) == (graph.inputs, graph.outputs)
    for a, b in zip(back.tensors, graph.tensors, strict=True):
        assert replace(a, data=None).__repr__() == replace(b, data=None).__repr__()
        if b.data is not None:
            np.testing.assert_array_equal(a.data, b.data)
