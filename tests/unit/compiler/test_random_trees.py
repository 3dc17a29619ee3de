"""What trees are costed by: complete tables, the largest that the design may grow to."""

from __future__ import annotations

import numpy as np
import pytest

from mlforge.compiler.border import border_of
from mlforge.compiler.from_architecture import lower_architecture
from mlforge.compiler.from_ensemble import floored, graph_of
from mlforge.compiler.graph import DType
from mlforge.compiler.ops.trees import TREES, depths
from mlforge.records.architecture import MAX_LEAVES, Architecture, Growth, Head, Trees, tree_count
from mlforge.records.ensemble import Ensemble, Link, Tree


@pytest.mark.parametrize(
    ("rounds", "depth", "outputs", "head"),
    [(1, 1, 2, Head.SOFTMAX), (40, 3, 2, Head.SOFTMAX), (9, 6, 7, Head.SOFTMAX), (50, 4, 1, Head.LINEAR)],
)
def test_no_table_can_be_larger(rounds: int, depth: int, outputs: int, head: Head) -> None:
    design = Architecture((4, 1, 5), (Trees(Growth.FOREST, rounds, depth),), outputs, head)
    graph = lower_architecture(design, seed=1)
    (node,) = [node for node in graph.nodes if node.kind == TREES]
    roots, _, splits, leaves = (graph.tensors[index] for index in node.inputs[1:5])
    count = tree_count(outputs, head, rounds)
    assert roots.shape == (count,)
    assert splits.shape == (count * ((1 << depth) - 1), 4)
    assert leaves.shape == (count << depth, 1)
    assert graph.tensors[graph.outputs[0]].shape == (1, outputs)
    assert (depths(np.asarray(splits.data, np.int64), np.asarray(roots.data, np.int64)) == depth).all()
    again = lower_architecture(design, seed=1).tensors[node.inputs[3]]
    assert np.array_equal(np.asarray(again.data), np.asarray(splits.data))


def test_as_many_leaves_as_the_engine_holds() -> None:
    design = Architecture((8,), (Trees(Growth.BOOSTED, MAX_LEAVES >> 8, 8),), 1, Head.LINEAR)
    lower_architecture(design, seed=1)


def test_a_threshold_between_two_steps_keeps_them_apart() -> None:
    """Half-way between 3 and 4 steps, rounding goes to 4, and both would go the same way."""
    x = np.array([[0.0], [3.0], [4.0], [255.0]], np.float32)
    border = border_of(x, np.zeros(1), DType.INT8)
    stump = Tree(np.zeros(1, np.int64), np.array([3.5]), np.array([[-1, -2]]), np.array([[0.0], [1.0]]), 0)
    ensemble = Ensemble(1, (stump,), np.zeros(1), False, Link.NONE)
    kept = floored(ensemble, border)
    assert kept.trees[0].thresholds == pytest.approx([3.0])
    for given, expected in ((ensemble, 4), (kept, 3)):
        graph = graph_of(given, border_of(x, np.array([0.0, 1.0]), DType.INT8))
        splits = next(tensor for tensor in graph.tensors if tensor.name == "splits")
        assert np.asarray(splits.data)[0, 1] == expected - 128
