"""RESIZE_NEAREST_NEIGHBOR: the compiler works out which row and column each pixel comes from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from tflite.ResizeNearestNeighborOptions import ResizeNearestNeighborOptions

from mlforge.compiler.graph import Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Constant, Lowered, Operator, Options, View
from mlforge.compiler.ops.shared.batches import each_picture
from mlforge.compiler.ops.shared.movement import input_is_activation, same_type
from mlforge.compiler.ops.shared.resizing import ResizeAttributes, front_to_back, size_fits
from mlforge.compiler.ops.shared.window import nhwc


class ResizeNearestNeighbor(Operator):
    kind = "RESIZE_NEAREST_NEIGHBOR"
    options = "ResizeNearestNeighborOptions"
    inputs = (2, 2)
    constraints = (input_is_activation, same_type, nhwc, size_fits)

    def read(self, options: Options) -> Attributes:
        if options is None:
            return ResizeAttributes()
        table = ResizeNearestNeighborOptions()
        table.Init(options.Bytes, options.Pos)
        return ResizeAttributes(bool(table.AlignCorners()), bool(table.HalfPixelCenters()))

    def lower(self, view: View, isa: Isa) -> Lowered:
        return each_picture(view, self._lower_picture)

    def _lower_picture(self, view: View) -> Lowered:
        rows, columns = (_nearest(view, axis) for axis in (1, 2))
        return Lowered(
            kernel="mlforge_resize_nearest",
            parameters_type="mlforge_resize_nearest",
            parameters={
                "input_width": view.input().shape[2],
                "output_height": view.output.shape[1],
                "output_width": view.output.shape[2],
                "pixel_bytes": view.input().shape[3] * view.input().dtype.size_bytes,
                "rows": Constant("rows", rows.astype(np.int16)),
                "columns": Constant("columns", columns.astype(np.int16)),
            },
            inputs=view.node.inputs[:1],
            outputs=view.node.outputs,
            overlap=front_to_back(view, rows, columns),
        )


def _nearest(view: View, axis: int) -> NDArray[np.int64]:
    """GetNearestNeighbor of kernels/internal/reference/resize_nearest_neighbor.h, in float32 as there."""
    attributes = view.node.attributes_as(ResizeAttributes)
    size, count = view.input().shape[axis], view.output.shape[axis]
    if attributes.align_corners and count > 1:
        scale = np.float32(size - 1) / np.float32(count - 1)
    else:
        scale = np.float32(size) / np.float32(count)
    offset = np.float32(0.5 if attributes.half_pixel_centers else 0.0)
    places = (np.arange(count, dtype=np.float32) + offset) * scale
    # The sum with a half is done in doubles, so that it is a rounding of halves away from zero and nothing else.
    whole = np.floor(places.astype(np.float64) + 0.5) if attributes.align_corners else np.floor(places)
    return np.minimum(whole.astype(np.int64), size - 1)
