"""RESIZE_BILINEAR in integers with ten fraction bits, as the reference resizes int8."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from tflite.ResizeBilinearOptions import ResizeBilinearOptions

from mlforge.compiler.graph import Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import (
    Constant,
    Lowered,
    Operator,
    Options,
    View,
    input_is_int8,
    output_is_int8,
)
from mlforge.compiler.ops.shared.batches import each_picture
from mlforge.compiler.ops.shared.resizing import ResizeAttributes, front_to_back, size_fits
from mlforge.compiler.ops.shared.window import nhwc

_ONE = 1 << 10


def corners_or_centres(view: View) -> str:
    """Corners are aligned, or pixels have their centres at the half, or neither."""
    attributes = view.node.attributes_as(ResizeAttributes)
    return "both are set" if attributes.align_corners and attributes.half_pixel_centers else ""


def rounding_stays_inside(view: View) -> str:
    """The enlargement is not so large that the reference, with ten fraction bits, would read behind the input."""
    for axis in (1, 2):
        if _steps(view, axis)[:, :2].max() >= view.input().shape[axis]:
            return f"the input is {view.input()} for the output {view.output}"
    return ""


class ResizeBilinear(Operator):
    kind = "RESIZE_BILINEAR"
    options = "ResizeBilinearOptions"
    inputs = (2, 2)
    constraints = (input_is_int8, output_is_int8, nhwc, size_fits, corners_or_centres, rounding_stays_inside)

    def read(self, options: Options) -> Attributes:
        if options is None:
            return ResizeAttributes()
        table = ResizeBilinearOptions()
        table.Init(options.Bytes, options.Pos)
        return ResizeAttributes(bool(table.AlignCorners()), bool(table.HalfPixelCenters()))

    def lower(self, view: View, isa: Isa) -> Lowered:
        return each_picture(view, self._lower_picture)

    def _lower_picture(self, view: View) -> Lowered:
        rows, columns = (_steps(view, axis) for axis in (1, 2))
        return Lowered(
            kernel="mlforge_resize_bilinear_s8",
            parameters_type="mlforge_resize_bilinear",
            parameters={
                "input_width": view.input().shape[2],
                "output_height": view.output.shape[1],
                "output_width": view.output.shape[2],
                "channels": view.input().shape[3],
                "rows": Constant("rows", rows.astype(np.int16)),
                "columns": Constant("columns", columns.astype(np.int16)),
            },
            inputs=view.node.inputs[:1],
            outputs=view.node.outputs,
            overlap=front_to_back(view, rows[:, :2].min(axis=1), columns[:, :2].min(axis=1)),
        )


def _steps(view: View, axis: int) -> NDArray[np.int64]:
    """int64[outputs, 3]: both positions and the weight of the second (ComputeInterpolationValuesInteger of
    kernels/internal/reference/resize_bilinear.h, whose divisions truncate).
    """
    attributes = view.node.attributes_as(ResizeAttributes)
    size, count = view.input().shape[axis], view.output.shape[axis]
    scale = (_ONE * size + count // 2) // count
    if attributes.align_corners and count > 1:
        scale = (_ONE * (size - 1) + (count - 1) // 2) // (count - 1)
    places = np.arange(count, dtype=np.int64) * scale
    if attributes.half_pixel_centers:
        places += scale // 2 - _ONE // 2
    first = np.maximum(places // _ONE, 0)  # what truncation makes of it after the maximum, too
    second = np.minimum((places + _ONE - 1) // _ONE, size - 1)
    return np.stack([first, second, places - _ONE * first], axis=1)
