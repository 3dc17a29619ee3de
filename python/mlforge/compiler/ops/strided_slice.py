"""STRIDED_SLICE. Free where the piece lies together in the input, at a multiple of four bytes."""

from __future__ import annotations

from dataclasses import dataclass

from tflite.StridedSliceOptions import StridedSliceOptions

from mlforge.compiler.graph import Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Lowered, Operator, Options, Part, View
from mlforge.compiler.ops.shared.movement import (
    Copy,
    Dimension,
    constant_integers,
    input_is_activation,
    integers,
    lower_copy,
    rank_is_moderate,
    same_type,
    strides,
)


@dataclass(frozen=True, slots=True)
class StridedSliceAttributes(Attributes):
    """Bit i of a mask is about dimension i."""

    begin_mask: int = 0
    end_mask: int = 0
    ellipsis_mask: int = 0
    new_axis_mask: int = 0
    shrink_axis_mask: int = 0


@dataclass(frozen=True, slots=True)
class Range:
    start: int
    count: int
    stride: int
    shrinks: bool


def masks_are_simple(view: View) -> str:
    """No ellipsis and no new axis."""
    attributes = view.node.attributes_as(StridedSliceAttributes)
    found = attributes.ellipsis_mask or attributes.new_axis_mask
    return "the ellipsis mask or the new axis mask has a bit set" if found else ""


def ranges_fit(view: View) -> str:
    """Begin, end and strides are constant int32, one for each dimension; the strides are not 0; each range lies inside
    and has at least one element.
    """
    shape = view.input().shape
    for position, what in ((1, "begin"), (2, "end"), (3, "strides")):
        if problem := constant_integers(view, position, what, len(shape)):
            return problem
    if 0 in integers(view, 3):
        return "a stride is 0"
    ranges = ranges_of(view)
    if any(not 0 <= one.start < size or one.count < 1 for one, size in zip(ranges, shape, strict=True)):
        return f"begin {list(integers(view, 1))} to end {list(integers(view, 2))} of {view.input()}"
    expected = tuple(one.count for one in ranges if not one.shrinks)
    return "" if view.output.shape == expected else f"the output is {view.output}, where {list(expected)} follows"


def ranges_of(view: View) -> list[Range]:
    """What is taken along each axis: StartForAxis and StopForAxis of kernels/internal/strided_slice_logic.h."""
    attributes = view.node.attributes_as(StridedSliceAttributes)
    ranges = []
    for axis, size in enumerate(view.input().shape):
        start, stop, stride = (integers(view, position)[axis] for position in (1, 2, 3))
        low, high = (0, size) if stride > 0 else (-1, size - 1)
        start = min(max(start + size if start < 0 else start, low), high)
        stop = min(max(stop + size if stop < 0 else stop, low), high)
        if attributes.begin_mask >> axis & 1:
            start = 0 if stride > 0 else size - 1
        if attributes.end_mask >> axis & 1:
            stop = size if stride > 0 else -1
        shrinks = bool(attributes.shrink_axis_mask >> axis & 1)
        count = -((start - stop) // stride)
        if shrinks:
            count = 1 if stride > 0 else 0  # the reference makes nothing of a step backwards
        ranges.append(Range(start, count, stride, shrinks))
    return ranges


class StridedSlice(Operator):
    kind = "STRIDED_SLICE"
    options = "StridedSliceOptions"
    inputs = (4, 4)
    constraints = (input_is_activation, same_type, rank_is_moderate, masks_are_simple, ranges_fit)

    def read(self, options: Options) -> Attributes:
        if options is None:
            return StridedSliceAttributes()
        table = StridedSliceOptions()
        table.Init(options.Bytes, options.Pos)
        return StridedSliceAttributes(
            table.BeginMask(), table.EndMask(), table.EllipsisMask(), table.NewAxisMask(), table.ShrinkAxisMask()
        )

    def parts(self, view: View) -> tuple[Part, ...]:
        copy = _copy(view)
        return (Part(view.node.outputs[0], view.node.inputs[0], copy.input_start),) if copy.is_one_run else ()

    def lower(self, view: View, isa: Isa) -> Lowered:
        return lower_copy(view, _copy(view))


def _copy(view: View) -> Copy:
    ranges, size = ranges_of(view), view.output.dtype.size_bytes
    steps = strides(view.input().shape, size)
    counts = tuple(one.count for one in ranges)
    dimensions = [
        Dimension(one.count, one.stride * step, output_step)
        for one, step, output_step in zip(ranges, steps, strides(counts, size), strict=True)
    ]
    return Copy(size, tuple(dimensions), sum(one.start * step for one, step in zip(ranges, steps, strict=True)))
