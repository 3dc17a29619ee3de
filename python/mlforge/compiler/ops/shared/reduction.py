"""SUM, MEAN, REDUCE_MAX and REDUCE_MIN: which elements of the input make one of the output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from math import prod
from typing import Final

import numpy as np
from tflite.ReducerOptions import ReducerOptions

from mlforge.compiler.fixed_point import Multiplier
from mlforge.compiler.graph import Attributes, DType
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Constraint, Lowered, Operator, Options, View, output_stage
from mlforge.compiler.ops.shared.elementwise import ratio_is_moderate
from mlforge.compiler.ops.shared.integers import SUFFIXES, input_is_integer, limits_of, output_is_alike

_MAX_COUNT = {DType.INT8: 1 << 22, DType.INT16: (1 << 16) - 1}  # their sum fits 32 bits
_DIMENSIONS = 3  # of a kind at most, as neighbours count as one
_WORD_BYTES = 4


@dataclass(frozen=True, slots=True)
class ReduceAttributes(Attributes):
    keep_dims: bool = False


def axes_are_constant(view: View) -> str:
    """The axes are a constant int32 tensor of at most one dimension, each within the input's dimensions."""
    tensor = view.input(1)
    if not tensor.is_constant or tensor.dtype is not DType.INT32 or len(tensor.shape) > 1:
        return f'the axes "{tensor.name}" are {"" if tensor.is_constant else "not constant "}{tensor}'
    rank = len(view.input().shape)
    if any(not -rank <= axis < rank for axis in np.asarray(tensor.data).reshape(-1)):
        return f"the axes are {np.asarray(tensor.data).tolist()} of {rank} dimensions"
    return ""


def count_is_moderate(view: View) -> str:
    """At most 4194304 elements (int16: 65535) go into one of the output."""
    count = count_of(view)
    return "" if count <= _MAX_COUNT[view.input().dtype] else f"{count} elements go into one"


def shape_fits(view: View) -> str:
    """The output is the input without the reduced axes, or with 1 in their place."""
    shape, axes = view.input().shape, axes_of(view)
    kept = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    dropped = tuple(size for axis, size in enumerate(shape) if axis not in axes)
    expected = kept if view.node.attributes_as(ReduceAttributes).keep_dims else dropped
    return "" if view.output.shape == expected else f"the output is {view.output}, where {list(expected)} follows"


def axes_of(view: View) -> frozenset[int]:
    """The reduced axes, counted from the first."""
    rank = len(view.input().shape)
    return frozenset(int(axis) % rank for axis in np.asarray(view.input(1).data).reshape(-1)) if rank else frozenset()


def count_of(view: View) -> int:
    """How many elements of the input go into one of the output."""
    return prod(view.input().shape[axis] for axis in axes_of(view))


def reduction_of(view: View) -> Mapping[str, tuple[int, ...]]:
    """The fields of struct mlforge_reduction."""
    shape, axes = view.input().shape, axes_of(view)
    wide = [axis for axis in range(len(shape)) if shape[axis] > 1]
    dimensions: dict[str, list[tuple[int, int]]] = {"kept": [], "reduced": []}
    for reduced, group in groupby(wide, key=axes.__contains__):
        run = list(group)
        size_and_step = (prod(shape[axis] for axis in run), prod(shape[run[-1] + 1 :]))
        dimensions["reduced" if reduced else "kept"].append(size_and_step)
    fields: dict[str, tuple[int, ...]] = {}
    for name, found in dimensions.items():
        filled = [(1, 0)] * (_DIMENSIONS - len(found)) + found
        fields[name] = tuple(size for size, _ in filled)
        fields[f"{name}_step"] = tuple(step for _, step in filled)
    return fields


class Reduction(Operator):
    """The options are the same for all."""

    options = "ReducerOptions"
    inputs = (2, 2)

    def read(self, options: Options) -> Attributes:
        if options is None:
            return ReduceAttributes()
        table = ReducerOptions()
        table.Init(options.Bytes, options.Pos)
        return ReduceAttributes(bool(table.KeepDims()))


SUM_CONSTRAINTS: Final[tuple[Constraint, ...]] = (
    input_is_integer,
    output_is_alike,
    ratio_is_moderate,
    axes_are_constant,
    count_is_moderate,
    shape_fits,
)


def _suits_dsp(view: View, reduction: Mapping[str, tuple[int, ...]]) -> bool:
    """Whether the sums of neighbouring elements, a word of them or more, are neighbours: as over height and width."""
    neighbours = reduction["kept"][-1] >= _WORD_BYTES and reduction["kept_step"][-1] == 1
    return view.input().dtype is DType.INT8 and neighbours and reduction["reduced"][0] == 1


def sum_call(view: View, multiplier: Multiplier, isa: Isa) -> Lowered:
    """The call that sums and multiplies."""
    reduction = reduction_of(view)
    dsp = "dsp_" if isa.has_dsp and _suits_dsp(view, reduction) else ""
    result = view.output_quantization
    return Lowered(
        kernel=f"mlforge_{dsp}sum_{SUFFIXES[view.output.dtype]}",
        parameters_type="mlforge_sum",
        parameters={
            "reduction": reduction,
            "stage": output_stage(*limits_of(view), result.zero_point),
            "shift": multiplier.shift,
            "multiplier": multiplier.value,
            "offset": -view.input_quantization().zero_point * count_of(view),
        },
        inputs=view.node.inputs[:1],
        outputs=view.node.outputs,
        note=f"over the axes {sorted(axes_of(view))}",
    )
