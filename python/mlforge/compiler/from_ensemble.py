"""From trees in floats to a quantised graph, whose `.tflite` file is what everything else takes.

A feature and its threshold are compared as the integers that they are rounded to, so that a feature which equals the
threshold goes the right way. A split that an input of this range always passes the same way is left out, and so is one
whose ways end alike; equal leaves are kept once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.border import PROBABILITY, Border, own_border, range_of, scale_of
from mlforge.compiler.graph import Attributes, DType, Graph, Node, Quantization, Tensor, validate
from mlforge.compiler.lowering import check_graph
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.softmax import SoftmaxAttributes
from mlforge.compiler.ops.trees import MAX_BASE, MAX_SPLITS, TREES
from mlforge.errors import ModelError
from mlforge.records.ensemble import Ensemble, Link, Tree, order

_INT16_MAX: Final = 32767
_BESIDE: Final = 1e-3  # of a step: a threshold that is an integer but for rounding is that integer


def own_scales(ensemble: Ensemble, results: NDArray[np.float64], dtype: DType) -> Border:
    """Floats, each feature with a scale from its lowest threshold to its highest."""
    low, high = np.full(ensemble.features, np.inf), np.full(ensemble.features, -np.inf)
    for tree in ensemble.trees:
        np.minimum.at(low, tree.features, tree.thresholds)
        np.maximum.at(high, tree.features, tree.thresholds)
    asked = np.isfinite(low)
    return own_border(np.where(asked, low, 0.0), np.where(asked, high, 0.0), results, dtype)


def graph_of(ensemble: Ensemble, border: Border) -> Graph:
    """The graph: [1, features] to [1, outputs], int8 or int16. Raises ModelError where it is too large."""
    forest = _Forest(ensemble, border)
    tensors, nodes, x = border.begin(ensemble.features)
    first = len(tensors)
    tensors += [*forest.constants(), Tensor("sums", (1, ensemble.outputs), DType.INT16, forest.sums())]
    nodes.append(Node(TREES, (x, *range(first, first + 5)), (first + 5,), ElementwiseAttributes()))

    def add(kind: str, name: str, dtype: DType, quantization: Quantization, attributes: Attributes) -> None:
        tensors.append(Tensor(name, (1, ensemble.outputs), dtype, quantization))
        nodes.append(Node(kind, (len(tensors) - 2,), (len(tensors) - 1,), attributes))

    if ensemble.link is Link.SOFTMAX:
        add("SOFTMAX", "probabilities", DType.INT16, PROBABILITY[DType.INT16], SoftmaxAttributes(1.0))
    if border.dtype is DType.INT8:
        add("QUANTIZE", "results", DType.INT8, _results(ensemble, border), ElementwiseAttributes())
    graph = Graph(tuple(tensors), tuple(nodes), (0,), (len(tensors) - 1,))
    validate(graph)
    check_graph(graph)
    return graph


def _results(ensemble: Ensemble, border: Border) -> Quantization:
    """Of the output in int8."""
    low, high = border.results
    if ensemble.link is not Link.NONE:
        return PROBABILITY[DType.INT8]
    return range_of(min(0.0, low), max(0.0, high))


def integer_thresholds(tree: Tree, strict: bool, border: Border) -> NDArray[np.float64]:
    """[splits], for `x <= threshold` of the input's integers; beyond what its type holds, too."""
    return border.whole(tree.thresholds, tree.features) - strict


def floored(ensemble: Ensemble, border: Border) -> Ensemble:
    """With each threshold at the largest integer of the input that it does not exclude. For trees that were grown on
    integers of this border, where a threshold half-way between two of them would be rounded to the wrong one."""
    scale = border.input.scale
    trees = tuple(
        replace(tree, thresholds=np.floor(tree.thresholds / scale + _BESIDE) * scale) for tree in ensemble.trees
    )
    return replace(ensemble, trees=trees)


class _Forest:
    """All trees in common tables of integers."""

    def __init__(self, ensemble: Ensemble, border: Border) -> None:
        self.ensemble, self.border = ensemble, border
        largest = max(float(np.abs(tree.leaves).max()) for tree in ensemble.trees)
        base = float(np.abs(ensemble.base).max())
        scale = max(largest / _INT16_MAX, base / (MAX_BASE - 1))
        if ensemble.link is Link.SHARES:  # a leaf of 1 becomes 32767/32768, as the output can be no more
            scale = min(scale, PROBABILITY[DType.INT16].scale)
        self.leaf_scale = scale_of(scale)
        self.splits: list[tuple[int, int, int, int]] = []
        self.leaves: dict[bytes, int] = {}
        self.values: list[NDArray[np.int16]] = []
        self.roots = [self._add(tree) for tree in ensemble.trees]
        if max(len(self.splits), len(self.values)) > MAX_SPLITS:
            raise ModelError(
                f"the trees have {len(self.splits)} splits and {len(self.values)} different leaves: at most "
                f"{MAX_SPLITS} of each",
                hint="train fewer or shallower trees: these would take some 200 KiB of flash",
            )

    def _add(self, tree: Tree) -> int:
        """The place of its root."""
        info = np.iinfo(self.border.dtype.value)
        thresholds = integer_thresholds(tree, self.ensemble.strict, self.border)
        leaves = np.round(tree.leaves / self.leaf_scale).clip(-_INT16_MAX, _INT16_MAX).astype(np.int16)
        alike: dict[bytes, int] = {}
        leads = {-1 - leaf: -1 - alike.setdefault(row.tobytes(), leaf) for leaf, row in enumerate(leaves)}
        for place in reversed(order(tree)):  # to a split of the tree that is kept, or one leaf of those that are alike
            yes, no = (leads[int(child)] for child in tree.children[place])
            always, never = thresholds[place] >= info.max, thresholds[place] < info.min
            leads[place] = yes if always or yes == no else no if never else place
        return self._laid_out(tree, thresholds, leads, leaves)

    def _laid_out(
        self, tree: Tree, thresholds: NDArray[np.float64], leads: dict[int, int], leaves: NDArray[np.int16]
    ) -> int:
        ahead, found = [leads[tree.root]], []
        while ahead:
            place = ahead.pop()
            if place >= 0:
                found.append(place)
                ahead += [leads[int(child)] for child in tree.children[place, ::-1]]
        places = {place: len(self.splits) + number for number, place in enumerate(found)}

        def common(place: int) -> int:
            end = leads[place]
            return places[end] if end >= 0 else -1 - self._leaf(leaves[-1 - end])

        for place in found:
            yes, no = (common(int(child)) for child in tree.children[place])
            self.splits.append((int(tree.features[place]), int(thresholds[place]), yes, no))
        return common(tree.root)

    def _leaf(self, values: NDArray[np.int16]) -> int:
        key = values.tobytes()
        if key not in self.leaves:
            self.leaves[key] = len(self.values)
            self.values.append(values)
        return self.leaves[key]

    def constants(self) -> list[Tensor]:
        width = self.values[0].size
        leaves = np.concatenate(self.values).reshape(-1, width)
        targets = [tree.target for tree in self.ensemble.trees]
        base = np.round(self.ensemble.base / self.leaf_scale)
        return [
            _ints("roots", self.roots),
            _ints("targets", targets),
            _ints("splits", self.splits or [(0, 0, -1, -1)]),
            Tensor("leaves", leaves.shape, DType.INT16, Quantization((self.leaf_scale,), (0,)), leaves),
            _ints("base", base),
        ]

    def sums(self) -> Quantization:
        """Of a range that no sum can leave."""
        reach = np.abs(self.ensemble.base).astype(np.float64)
        for tree in self.ensemble.trees:
            reach[tree.target : tree.target + tree.leaves.shape[1]] += np.abs(tree.leaves).max(axis=0)
        if self.ensemble.link is Link.SHARES:
            return PROBABILITY[DType.INT16]
        return Quantization((scale_of(max(float(reach.max()) / _INT16_MAX, self.leaf_scale)),), (0,))


def _ints(name: str, values: object) -> Tensor:
    data = np.array(values, np.int32)
    return Tensor(name, data.shape, DType.INT32, None, data)
