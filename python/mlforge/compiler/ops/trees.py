"""MLFORGE_TREES, a custom operator of ours: forests, boosted trees and single trees, from int8 or int16 to int16.

Its inputs behind the features are constant: the root of each tree, int32 [trees]; the output that the first value of
its leaves is added to, int32 [trees]; the splits, int32 [splits, 4], each an element of the input, a threshold in the
input's integers, and the places to go on at for `x <= threshold` and for all else; the leaves, int16 [leaves, width],
with a scale; what the sums start at, int32 [outputs], in the leaves' scale. A place is a split where it is at least 0,
and else the leaf `-1 - place`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.fixed_point import quantize_multiplier
from mlforge.compiler.graph import Attributes, DType, Tensor
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Constant, Lowered, Operator, Options, View
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.shared.integers import SUFFIXES, input_is_integer, not_an_integer

TREES: Final = "MLFORGE_TREES"
MAX_TREES: Final = 4096
MAX_SPLITS: Final = 32767  # and leaves: places are int16
MAX_BASE: Final = 1 << 29  # with the leaves of all trees, it fits 31 bits
_X, _ROOTS, _TARGETS, _SPLITS, _LEAVES, _BASE = range(6)
_MAX_FEATURES: Final = 65535
_SUM_BYTES: Final = 4


def tables_are_constant(view: View) -> str:
    """Behind the features come constants: roots, targets, splits and base int32, leaves int16 with a scale."""
    for position in range(_ROOTS, _BASE + 1):
        tensor = view.input(position)
        expected = DType.INT16 if position == _LEAVES else DType.INT32
        if not tensor.is_constant or tensor.dtype is not expected:
            return f'input {position} ("{tensor.name}") is {"" if tensor.is_constant else "not constant "}{tensor}'
    return not_an_integer(view.input(_LEAVES))


def shapes_fit(view: View) -> str:
    """Roots and targets are [trees], at most 4096; splits are [splits, 4] and leaves [leaves, width],
    at most 32767 of each; base and output are [outputs] and [1, outputs]; the input has at most 65535 elements."""
    roots, targets, splits, leaves, base = (view.input(position).shape for position in range(_ROOTS, _BASE + 1))
    fits = (
        len(roots) == len(base) == 1
        and len(splits) == len(leaves) == 2
        and roots == targets
        and roots[0] <= MAX_TREES
        and splits[0] <= MAX_SPLITS
        and splits[1] == 4
        and leaves[0] <= MAX_SPLITS
        and leaves[1] <= base[0] <= _MAX_FEATURES
        and view.output.shape == (1, *base)
        and view.input().elements <= _MAX_FEATURES
    )
    shapes = [list(shape) for shape in (roots, targets, splits, leaves, base, view.output.shape)]
    return "" if fits else f"they are {', '.join(map(str, shapes))}, the input is {view.input()}"


def walks_end(view: View) -> str:
    """Every place exists, the children of a split come behind it, and features and targets exist."""
    splits, roots, targets = _ints(view, _SPLITS), _ints(view, _ROOTS), _ints(view, _TARGETS)
    leaves, width = view.input(_LEAVES).shape
    places = np.concatenate([roots, splits[:, 2:].reshape(-1)])
    if places.min() < -leaves or places.max() >= len(splits):
        return f"the places are {int(places.min())} to {int(places.max())}"
    children = splits[:, 2:]
    if ((children >= 0) & (children <= np.arange(len(splits))[:, None])).any():
        return "a split comes before the one that leads to it"
    if splits[:, 0].min() < 0 or splits[:, 0].max() >= view.input().elements:
        return f"the features are {int(splits[:, 0].min())} to {int(splits[:, 0].max())}"
    if targets.min() < 0 or targets.max() + width > view.output.elements:
        return f"the targets are {int(targets.min())} to {int(targets.max())}, the leaves have {width} values"
    return ""


def numbers_fit(view: View) -> str:
    """Thresholds are values of the input's type, and base is within 2^29."""
    thresholds, base = _ints(view, _SPLITS)[:, 1], _ints(view, _BASE)
    info = np.iinfo(view.input().dtype.value)
    if thresholds.min() < info.min or thresholds.max() > info.max:
        return f"the thresholds are {int(thresholds.min())} to {int(thresholds.max())}"
    return "" if np.abs(base).max() <= MAX_BASE else f"base is {int(base.min())} to {int(base.max())}"


def output_is_wide(view: View) -> str:
    """The output is int16, quantised per tensor with the zero point 0, with a scale of at least the leaves'."""
    output: Tensor = view.output
    if output.is_constant or output.dtype is not DType.INT16:
        return f"the output is {output}"
    if wrong := not_an_integer(output):
        return wrong
    leaves, own = view.input_quantization(_LEAVES).scale, view.output_quantization.scale
    return "" if leaves <= own else f"the scales are {leaves:.9g} and {own:.9g}"


def _ints(view: View, position: int) -> NDArray[np.int64]:
    return np.asarray(view.input(position).data).astype(np.int64)


def depths(splits: NDArray[np.int64], roots: NDArray[np.int64]) -> NDArray[np.int64]:
    """The most comparisons that a walk from each root makes: int64 [trees]. Children come behind their splits."""
    below = np.zeros(len(splits) + 1, np.int64)  # the last stands for all leaves
    for place in range(len(splits) - 1, -1, -1):
        children = splits[place, 2:]
        below[place] = 1 + below[np.where(children < 0, len(splits), children)].max()
    return below[np.where(roots < 0, len(splits), roots)]


class Trees(Operator):
    kind = TREES
    inputs = (6, 6)
    constraints = (input_is_integer, tables_are_constant, shapes_fit, walks_end, numbers_fit, output_is_wide)

    def read(self, options: Options) -> Attributes:
        return ElementwiseAttributes()

    def lower(self, view: View, isa: Isa) -> Lowered:
        splits, roots = _ints(view, _SPLITS), _ints(view, _ROOTS)
        stage = quantize_multiplier(view.input_quantization(_LEAVES).scale / view.output_quantization.scale)
        deepest = depths(splits, roots)
        return Lowered(
            kernel=f"mlforge_trees_{SUFFIXES[view.input().dtype]}",
            parameters_type="mlforge_trees",
            parameters={
                "trees": len(roots),
                "outputs": view.output.elements,
                "width": view.input(_LEAVES).shape[1],
                "shift": stage.shift,
                "multiplier": stage.value,
                "roots": Constant("roots", roots.astype(np.int16)),
                "targets": Constant("targets", _ints(view, _TARGETS).astype(np.uint16)),
                "features": Constant("features", splits[:, 0].astype(np.uint16)),
                "thresholds": Constant("thresholds", splits[:, 1].astype(view.input().dtype.value)),
                "children": Constant("children", splits[:, 2:].astype(np.int16)),
                "leaves": Constant("leaves", np.asarray(view.input(_LEAVES).data)),
                "base": Constant("base", np.asarray(view.input(_BASE).data)),
            },
            inputs=view.node.inputs[:1],
            outputs=view.node.outputs,
            note=f"{len(roots)} trees, {len(splits)} splits, at most {int(deepest.sum())} comparisons",
            takes_scratch=True,
            scratch_bytes=_SUM_BYTES * view.output.elements,
        )
