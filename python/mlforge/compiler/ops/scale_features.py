"""MLFORGE_SCALE_FEATURES, a custom operator of ours: QUANTIZE with a scale of its own for each feature.

Its second input is constant, int32 [features, 2]: the bits of two float32 for each feature, an offset and a step. A
result is `clamp(round((x - offset) / step))`, as QUANTIZE rounds. The output's scale and zero point are 1 and 0.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.graph import SCALE_RANGE, Attributes, DType
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Constant, Lowered, Operator, Options, View, same_shape
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.shared.integers import SUFFIXES
from mlforge.compiler.ops.shared.overlap import elements_overlap

SCALE_FEATURES: Final = "MLFORGE_SCALE_FEATURES"


def floats_come_in(view: View) -> str:
    """The input is an activation of float32; the output is int8 or int16, with the scale 1 and the zero point 0."""
    x, y = view.input(), view.output
    if x.is_constant or x.dtype is not DType.FLOAT32 or y.is_constant or y.dtype not in (DType.INT8, DType.INT16):
        return f"the input is {'constant ' if x.is_constant else ''}{x}, the output {y}"
    own = y.quantization
    unit = own is not None and (own.scales, own.zero_points) == ((1.0,), (0,))
    return "" if unit else f"the output has the quantisation {own}"


def features_are_known(view: View) -> str:
    """The second input is constant int32 [features, 2]; offsets are finite, steps from 1e-20 to 1e20."""
    tensor = view.input(1)
    if not tensor.is_constant or tensor.dtype is not DType.INT32 or tensor.shape != (view.input().elements, 2):
        return f'"{tensor.name}" is {"" if tensor.is_constant else "not constant "}{tensor} for {view.input()}'
    offsets, steps = floats_of(np.asarray(tensor.data))
    sane = np.isfinite(offsets).all() and (steps >= SCALE_RANGE[0]).all() and (steps <= SCALE_RANGE[1]).all()
    return "" if sane else f"steps are {steps.min():.3g} to {steps.max():.3g}"


def bits_of(offsets: NDArray[np.float32], steps: NDArray[np.float32]) -> NDArray[np.int32]:
    """int32 [features, 2] of float32 [features] each."""
    return np.ascontiguousarray(np.stack([offsets, steps], axis=1), np.float32).view(np.int32)


def floats_of(bits: NDArray[np.generic]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Offsets and steps, float32 [features] each, of int32 [features, 2]."""
    pairs = np.ascontiguousarray(bits, np.int32).view(np.float32)
    return pairs[:, 0], pairs[:, 1]


class ScaleFeatures(Operator):
    kind = SCALE_FEATURES
    inputs = (2, 2)
    constraints = (floats_come_in, same_shape, features_are_known)

    def read(self, options: Options) -> Attributes:
        return ElementwiseAttributes()

    def lower(self, view: View, isa: Isa) -> Lowered:
        count, result = view.output.elements, view.output.dtype
        return Lowered(
            kernel=f"mlforge_scale_features_{SUFFIXES[result]}",
            parameters_type="mlforge_scale_features",
            parameters={"count": count, "features": Constant("features", np.asarray(view.input(1).data))},
            inputs=view.node.inputs[:1],
            outputs=view.node.outputs,
            overlap=elements_overlap(view.node.inputs[0], count, DType.FLOAT32.size_bytes, result.size_bytes),
        )
