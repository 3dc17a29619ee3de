"""What RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR have in common."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.graph import Attributes
from mlforge.compiler.ops.operator import View
from mlforge.compiler.ops.shared.movement import constant_integers, integers
from mlforge.compiler.ops.shared.overlap import distance


@dataclass(frozen=True, slots=True)
class ResizeAttributes(Attributes):
    align_corners: bool = False
    half_pixel_centers: bool = False


def size_fits(view: View) -> str:
    """The size is constant int32 [2], the output's height and width; its channels are the input's."""
    if problem := constant_integers(view, 1, "size", 2):
        return problem
    height, width = integers(view, 1)
    expected = (view.input().shape[0], height, width, view.input().shape[3])
    return "" if view.output.shape == expected else f"the output is {view.output}, where {list(expected)} follows"


def front_to_back(view: View, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> dict[int, int]:
    """The overlap, where output pixel (y, x) reads nothing in front of input pixel (rows[y], columns[x])."""
    pixel = view.input().shape[3] * view.input().dtype.size_bytes
    places = (rows[:, None] * view.input().shape[2] + columns).reshape(-1) * pixel
    return {view.node.inputs[0]: distance(places, pixel)}
