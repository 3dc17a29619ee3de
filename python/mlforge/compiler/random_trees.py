"""A design of trees as an int8 graph of complete trees with random splits: the most that the grown ones will cost.

Each walk makes as many comparisons as the trees are deep, and no two leaves are alike, so no table can shrink. What is
grown has at most as many splits, leaves and comparisons.
"""

from __future__ import annotations

from math import prod
from typing import Final

import numpy as np

from mlforge.compiler.border import Border
from mlforge.compiler.fixed_point import float32
from mlforge.compiler.from_ensemble import graph_of
from mlforge.compiler.graph import DType, Graph, Quantization
from mlforge.records.architecture import Architecture, Head, Trees, tree_count
from mlforge.records.ensemble import Ensemble, Link, Tree

_INPUT: Final = Quantization((float32(0.01),), (-3,))
_REACH: Final = 8.0  # of a sum
_THRESHOLDS: Final = 100  # integers to either side of zero


def random_trees(architecture: Architecture, trees: Trees, seed: int) -> Graph:
    """Raises ModelError where they are too large for the engine."""
    random = np.random.default_rng(seed)
    classes, outputs = architecture.head is Head.SOFTMAX, architecture.outputs
    binary = classes and outputs == 2
    leaves = 1 << trees.depth
    splits = leaves - 1
    below = 2 * np.arange(splits)[:, None] + np.array([1, 2])  # the children of each place of a complete binary tree
    children = np.where(below < splits, below, splits - 1 - below)

    count = tree_count(outputs, architecture.head, trees.rounds)
    values = np.arange(1, count * leaves + 1, dtype=np.float64).reshape(count, leaves, 1) / (count * leaves)
    values *= _REACH / count

    def tree(number: int) -> Tree:
        return Tree(
            features=random.integers(0, prod(architecture.input_shape), splits),
            thresholds=random.integers(-_THRESHOLDS, _THRESHOLDS + 1, splits).astype(np.float64) * _INPUT.scale,
            children=children,
            leaves=values[number],
            root=0,
            target=1 if binary else number % outputs,
        )

    grown = tuple(tree(number) for number in range(count))
    ensemble = Ensemble(
        prod(architecture.input_shape), grown, np.zeros(outputs), False, Link.SOFTMAX if classes else Link.NONE
    )
    return graph_of(ensemble, Border(DType.INT8, _INPUT, (0.0, _REACH)))
