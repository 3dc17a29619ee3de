"""MEAN over adjacent axes, such as height and width."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import prod

import numpy as np
from tflite.ReducerOptions import ReducerOptions

from mlforge.compiler.fixed_point import INT8_MAX, INT8_MIN, Multiplier, quantize_multiplier
from mlforge.compiler.graph import Attributes, DType
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.contract import Lowered, Operator, Options, View, input_is_int8, output_is_int8, output_stage

_MAX_COUNT = 1 << 22  # their sum fits 32 bits


@dataclass(frozen=True, slots=True)
class MeanAttributes(Attributes):
    keep_dims: bool = False


def axes_are_adjacent(view: View) -> str:
    """The axes are a constant int32 tensor; sorted, they follow each other without a gap (axes of size 1 aside)."""
    tensor = view.input(1)
    if not tensor.is_constant or tensor.dtype is not DType.INT32 or len(tensor.shape) > 1:
        return f'the axes "{tensor.name}" are {"" if tensor.is_constant else "not constant "}{tensor}'
    rank = len(view.input().shape)
    if any(not -rank <= axis < rank for axis in np.asarray(tensor.data).reshape(-1)):
        return f"the axes are {np.asarray(tensor.data).tolist()} of {rank} dimensions"
    wide = [axis for axis in range(rank) if view.input().shape[axis] > 1]
    reduced = [position for position, axis in enumerate(wide) if axis in _axes(view)]
    gap = any(b - a != 1 for a, b in pairwise(reduced))
    return f"the axes are {sorted(_axes(view))} of {view.input()}" if gap else ""


def sum_fits(view: View) -> str:
    """At most 4194304 elements go into one mean."""
    count = prod(view.input().shape[axis] for axis in _axes(view))
    return "" if count <= _MAX_COUNT else f"{count} elements go into one mean"


def shape_fits(view: View) -> str:
    """The output is the input without the reduced axes, or with 1 in their place."""
    shape, axes = view.input().shape, _axes(view)
    kept = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    dropped = tuple(size for axis, size in enumerate(shape) if axis not in axes)
    expected = kept if view.node.attributes_as(MeanAttributes).keep_dims else dropped
    return "" if view.output.shape == expected else f"the output is {view.output}, where {list(expected)} follows"


def _axes(view: View) -> frozenset[int]:
    rank = len(view.input().shape)
    return frozenset(int(axis) % rank for axis in np.asarray(view.input(1).data).reshape(-1)) if rank else frozenset()


def _with_division(multiplier: Multiplier, count: int) -> Multiplier:
    """1 / count folded in as QuantizedMeanOrSum (kernels/internal/reference/reduce.h) does."""
    shift = min(count.bit_length() - 1, 32, 31 + multiplier.exponent)
    return Multiplier((multiplier.value << shift) // count, multiplier.exponent - shift)


class Mean(Operator):
    kind = "MEAN"
    options = "ReducerOptions"
    inputs = (2, 2)
    constraints = (input_is_int8, output_is_int8, axes_are_adjacent, sum_fits, shape_fits)

    def read(self, options: Options) -> Attributes:
        if options is None:
            return MeanAttributes()
        table = ReducerOptions()
        table.Init(options.Bytes, options.Pos)
        return MeanAttributes(bool(table.KeepDims()))

    def lower(self, view: View, isa: Isa) -> Lowered:
        shape, axes = view.input().shape, _axes(view)
        wide = [axis for axis in sorted(axes) if shape[axis] > 1]
        count = prod(shape[axis] for axis in axes)
        first, last = (wide[0], wide[-1]) if wide else (len(shape), len(shape) - 1)
        source, result = view.input_quantization(), view.output_quantization
        multiplier = _with_division(quantize_multiplier(source.scale / result.scale), count)
        return Lowered(
            kernel="mlforge_mean_s8",
            parameters_type="mlforge_mean",
            parameters={
                "outer": prod(shape[:first]),
                "reduced": count,
                "inner": prod(shape[last + 1 :]),
                "stage": output_stage(INT8_MIN, INT8_MAX, result.zero_point),
                "shift": multiplier.shift,
                "multiplier": multiplier.value,
                "offset": -source.zero_point * count,
            },
            inputs=view.node.inputs[:1],
            outputs=view.node.outputs,
            note=f"over the axes {sorted(axes)}",
        )
