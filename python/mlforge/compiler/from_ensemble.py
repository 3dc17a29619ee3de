"""From trees in floats to a quantised graph, whose `.tflite` file is what everything else takes.

A feature and its threshold are compared as the integers that they are rounded to, so that a feature which equals the
threshold goes the right way. A split that an input of this range always passes the same way is left out, and so is one
whose ways end alike; equal leaves are kept once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.fixed_point import float32
from mlforge.compiler.graph import SCALE_RANGE, Attributes, DType, Graph, Node, Quantization, Tensor, validate
from mlforge.compiler.lowering import check_graph
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.softmax import SoftmaxAttributes
from mlforge.compiler.ops.trees import MAX_BASE, MAX_SPLITS, TREES
from mlforge.errors import ModelError
from mlforge.records.ensemble import Ensemble, Link, Tree, order

_INT16_MAX: Final = 32767
_PROBABILITY: Final = {
    DType.INT8: Quantization((1 / 256,), (-128,)),
    DType.INT16: Quantization((1 / 32768,), (0,)),
}


@dataclass(frozen=True, slots=True)
class Border:
    """Type and quantisation of the input, and the range of the results where they are no probabilities."""

    dtype: DType
    input: Quantization
    results: tuple[float, float]


def border_of(x: NDArray[np.float32], results: NDArray[np.float64], dtype: DType) -> Border:
    """For inputs and results like these."""
    low, high = min(0.0, float(x.min())), max(0.0, float(x.max()))
    span = (float(results.min()), float(results.max()))
    if dtype is DType.INT16:
        return Border(dtype, Quantization((_scale(max(-low, high) / _INT16_MAX),), (0,)), span)
    return Border(dtype, _of_range(low, high), span)


def graph_of(ensemble: Ensemble, border: Border) -> Graph:
    """The graph: [1, features] to [1, outputs], int8 or int16. Raises ModelError where it is too large."""
    forest = _Forest(ensemble, border)
    x = Tensor("features", (1, ensemble.features), border.dtype, border.input)
    tensors = [x, *forest.constants(), Tensor("sums", (1, ensemble.outputs), DType.INT16, forest.sums())]
    nodes = [Node(TREES, (0, 1, 2, 3, 4, 5), (6,), ElementwiseAttributes())]

    def add(kind: str, name: str, dtype: DType, quantization: Quantization, attributes: Attributes) -> None:
        tensors.append(Tensor(name, (1, ensemble.outputs), dtype, quantization))
        nodes.append(Node(kind, (len(tensors) - 2,), (len(tensors) - 1,), attributes))

    if ensemble.link is Link.SOFTMAX:
        add("SOFTMAX", "probabilities", DType.INT16, _PROBABILITY[DType.INT16], SoftmaxAttributes(1.0))
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
        return _PROBABILITY[DType.INT8]
    return _of_range(min(0.0, low), max(0.0, high))


def _of_range(low: float, high: float) -> Quantization:
    """int8 from `low` (at most 0) to `high` (at least 0)."""
    scale = _scale((high - low) / 255)
    return Quantization((scale,), (int(np.clip(round(-128 - low / scale), -128, 127)),))


def _scale(value: float) -> float:
    """Of 0, 1: every quantisation holds zeros. Raises ModelError for values that are smaller or larger than sane."""
    if value and not SCALE_RANGE[0] <= value <= SCALE_RANGE[1]:
        raise ModelError(
            f"a step of the quantisation would be {value:.3g}: expected {SCALE_RANGE[0]:g} to {SCALE_RANGE[1]:g}",
            hint="bring features and targets to ranges around 1 before training",
        )
    return float32(value) if value > 0 else 1.0


def integer_thresholds(tree: Tree, strict: bool, border: Border) -> NDArray[np.float64]:
    """[splits], for `x <= threshold` of the input's integers; beyond what its type holds, too."""
    with np.errstate(over="ignore"):
        return np.asarray(np.rint(tree.thresholds / border.input.scale) + (border.input.zero_point - strict))


class _Forest:
    """All trees in common tables of integers."""

    def __init__(self, ensemble: Ensemble, border: Border) -> None:
        self.ensemble, self.border = ensemble, border
        largest = max(float(np.abs(tree.leaves).max()) for tree in ensemble.trees)
        base = float(np.abs(ensemble.base).max())
        scale = max(largest / _INT16_MAX, base / (MAX_BASE - 1))
        if ensemble.link is Link.SHARES:  # a leaf of 1 becomes 32767/32768, as the output can be no more
            scale = min(scale, _PROBABILITY[DType.INT16].scale)
        self.leaf_scale = _scale(scale)
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
            return _PROBABILITY[DType.INT16]
        return Quantization((_scale(max(float(reach.max()) / _INT16_MAX, self.leaf_scale)),), (0,))


def _ints(name: str, values: object) -> Tensor:
    data = np.array(values, np.int32)
    return Tensor(name, data.shape, DType.INT32, None, data)
