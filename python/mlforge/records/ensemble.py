"""Decision trees as their makers compute them, in floats: forests, boosted trees, or a single tree."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import ModelError

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]

MAX_NODES: Final = 1 << 17  # of all trees of a file: twice what an operator holds
MAX_SUM: Final = 1e20  # of what the trees come to: beyond it no quantisation is sane


class Link(StrEnum):
    """What makes results of the sums; NONE and SHARES take them as they are, SHARES as probabilities."""

    NONE = "none"
    SHARES = "shares"
    SOFTMAX = "softmax"


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """A place is a split where it is at least 0, and else the leaf `-1 - place`.

    `features` int64 [splits]; `thresholds` float64 [splits]; `children` int64 [splits, 2], the places to go on at where
    the feature is below the threshold, and for all else; `leaves` float64 [leaves, width], which are added to the
    outputs from `target` on. The walk begins at `root`.
    """

    features: Ints
    thresholds: Floats
    children: Ints
    leaves: Floats
    root: int
    target: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Ensemble:
    """`strict`: a feature that equals the threshold is not below it. `base`: float64 [outputs], what sums start at."""

    features: int
    trees: tuple[Tree, ...]
    base: Floats
    strict: bool
    link: Link

    @property
    def outputs(self) -> int:
        return len(self.base)


def check(ensemble: Ensemble) -> None:
    """Raises ModelError where a walk would leave its tree, never end, or meet a number that is not finite."""
    if not ensemble.trees or ensemble.features < 1 or ensemble.outputs < 1:
        raise ModelError("the file has no trees, no features or no outputs")
    if sum(len(tree.features) + len(tree.leaves) for tree in ensemble.trees) > MAX_NODES:
        raise ModelError(f"the trees have more than {MAX_NODES} nodes", hint="train fewer or shallower trees")
    if not np.isfinite(ensemble.base).all():
        raise ModelError("what the sums start at is not finite")
    for number, tree in enumerate(ensemble.trees):
        if wrong := _wrong_with(tree, ensemble):
            raise ModelError(f"tree {number}: {wrong}")
    reach = float(np.abs(ensemble.base).max()) + sum(float(np.abs(tree.leaves).max()) for tree in ensemble.trees)
    if reach > MAX_SUM:
        raise ModelError(f"the trees come to values of up to {reach:.3g}: at most {MAX_SUM:g}")


def _wrong_with(tree: Tree, ensemble: Ensemble) -> str:
    splits, leaves = len(tree.features), len(tree.leaves)
    places = np.append(tree.children.reshape(-1), tree.root)
    if leaves < 1 or places.min() < -leaves or places.max() >= splits:
        return "a child does not exist"
    if splits and (tree.features.min() < 0 or tree.features.max() >= ensemble.features):
        return f"it asks for feature {int(tree.features.max())} of {ensemble.features}"
    if not 0 <= tree.target <= ensemble.outputs - tree.leaves.shape[1]:
        return f"its leaves belong to output {tree.target} of {ensemble.outputs}"
    if not np.isfinite(tree.thresholds).all() or not np.isfinite(tree.leaves).all():
        return "a threshold or a leaf is not finite"
    return "" if len(order(tree)) <= splits else "two ways lead to the same split"


def order(tree: Tree) -> list[int]:
    """The splits that the root leads to, parents first and each followed by its first child. One more than there are
    where two ways lead to the same split."""
    found: list[int] = []
    ahead = [tree.root]
    while ahead and len(found) <= len(tree.features):
        place = ahead.pop()
        if place >= 0:
            found.append(place)
            ahead += [int(tree.children[place, 1]), int(tree.children[place, 0])]
    return found


def leaves_reached(tree: Tree, x: NDArray[np.float32], strict: bool) -> Ints:
    """The leaf where each walk ends: int64 [N] of float32 [N, features]."""
    places = np.full(len(x), tree.root, np.int64)
    while (inner := np.flatnonzero(places >= 0)).size:
        places[inner] = next_places(tree, x, places, inner, strict)
    return -1 - places


def next_places(tree: Tree, x: NDArray[np.float32], places: Ints, inner: Ints, strict: bool) -> Ints:
    """Where the walks of the examples `inner` go on from their places."""
    at = places[inner]
    value, threshold = x[inner, tree.features[at]].astype(np.float64), tree.thresholds[at]
    below = value < threshold if strict else value <= threshold
    return np.asarray(tree.children[at, np.where(below, 0, 1)])


def sums(ensemble: Ensemble, x: NDArray[np.float32]) -> Floats:
    """What the trees come to, before the link: float64 [N, outputs] of float32 [N, features]."""
    total = np.tile(ensemble.base, (len(x), 1))
    for tree in ensemble.trees:
        reached = leaves_reached(tree, x, ensemble.strict)
        total[:, tree.target : tree.target + tree.leaves.shape[1]] += tree.leaves[reached]
    return total


def results(ensemble: Ensemble, x: NDArray[np.float32]) -> Floats:
    """float64 [N, outputs] of float32 [N, features]: probabilities, or values."""
    return linked(sums(ensemble, x), ensemble.link)


def linked(total: Floats, link: Link) -> Floats:
    """What a link makes of sums, float64 [N, outputs]."""
    if link is not Link.SOFTMAX:
        return total
    raised = np.exp(total - total.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
