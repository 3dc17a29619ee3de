"""What a quantised model of trees or sums takes: integers with one scale, or floats with a scale for each feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.fixed_point import float32
from mlforge.compiler.graph import SCALE_RANGE, DType, Node, Quantization, Tensor
from mlforge.compiler.ops.scale_features import SCALE_FEATURES, bits_of
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.errors import ModelError

PROBABILITY: Final = {
    DType.INT8: Quantization((1 / 256,), (-128,)),
    DType.INT16: Quantization((1 / 32768,), (0,)),
}
_UNIT: Final = Quantization((1.0,), (0,))
_FINEST: Final = 2.0**-22  # of a value: what a float32 tells apart, twice
_LARGEST: Final = 1 << 20  # of a scaled feature: beyond what any type holds, and exact as a float


@dataclass(frozen=True, slots=True, eq=False)
class Scales:
    """Of each feature: float32 [features]; an integer stands for `offset + step * q`."""

    offsets: NDArray[np.float32]
    steps: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Border:
    """Type and quantisation of the features, and the range of the results where they are no probabilities.

    `own`: the model takes floats, and begins by quantising each feature by a scale of its own.
    """

    dtype: DType
    input: Quantization
    results: tuple[float, float]
    own: Scales | None = None

    def whole(self, values: NDArray[np.floating], features: NDArray[np.int64]) -> NDArray[np.float64]:
        """The integers that `values` of these features come to, float64 [...], beyond what the type holds, too."""
        with np.errstate(over="ignore"):
            if self.own is None:
                return np.asarray(np.rint(values.astype(np.float64) / self.input.scale) + self.input.zero_point)
            shifted = values.astype(np.float32) - self.own.offsets[features]
            scaled = (shifted / self.own.steps[features]).astype(np.float64)
        return np.asarray(np.copysign(np.floor(np.abs(scaled).clip(max=_LARGEST) + 0.5), scaled))

    def quantised(self, x: NDArray[np.float32]) -> NDArray[np.generic]:
        """What trees and sums are given: integers of `dtype`, [N, features]."""
        info = np.iinfo(self.dtype.value)
        columns = np.broadcast_to(np.arange(x.shape[1]), x.shape)
        return np.asarray(self.whole(x, columns).clip(info.min, info.max).astype(self.dtype.value))

    def given(self, x: NDArray[np.float32]) -> NDArray[np.generic]:
        """What the model is given: [N, features]."""
        return x if self.own else self.quantised(x)

    def begin(self, features: int) -> tuple[list[Tensor], list[Node], int]:
        """The first tensors and operators of a graph, and the tensor that holds the features as integers."""
        if self.own is None:
            return [Tensor("features", (1, features), self.dtype, self.input)], [], 0
        bits = bits_of(self.own.offsets, self.own.steps)
        tensors = [
            Tensor("features", (1, features), DType.FLOAT32),
            Tensor("scales", bits.shape, DType.INT32, None, bits),
            Tensor("scaled", (1, features), self.dtype, _UNIT),
        ]
        return tensors, [Node(SCALE_FEATURES, (0, 1), (2,), ElementwiseAttributes())], 2


def border_of(x: NDArray[np.float32], results: NDArray[np.float64], dtype: DType) -> Border:
    """One scale for inputs like `x`, and for results like these."""
    low, high = min(0.0, float(x.min())), max(0.0, float(x.max()))
    span = (float(results.min()), float(results.max()))
    if dtype is DType.INT16:
        largest = np.iinfo(dtype.value).max
        return Border(dtype, Quantization((scale_of(max(-low, high) / largest),), (0,)), span)
    return Border(dtype, range_of(low, high), span)


def own_border(
    low: NDArray[np.float64], high: NDArray[np.float64], results: NDArray[np.float64], dtype: DType
) -> Border:
    """A scale for each feature, whose values between `low` and `high` (float64 [features]) are to be told apart."""
    half = np.iinfo(dtype.value).max - 1  # one is left for what lies beyond
    middle = ((low + high) / 2).astype(np.float32)
    steps = np.maximum((high - low) / 2 / half, np.abs(middle) * _FINEST)
    largest = float(np.abs(np.concatenate([low, high])).max())
    if largest > SCALE_RANGE[1]:
        raise ModelError(f"a feature reaches {largest:.3g}: at most {SCALE_RANGE[1]:g}")
    steps = np.where(steps > SCALE_RANGE[0], steps, 1.0).astype(np.float32)
    return Border(dtype, _UNIT, (float(results.min()), float(results.max())), Scales(middle, steps))


def range_of(low: float, high: float) -> Quantization:
    """int8 from `low` (at most 0) to `high` (at least 0)."""
    scale = scale_of((high - low) / 255)
    return Quantization((scale,), (int(np.clip(round(-128 - low / scale), -128, 127)),))


def scale_of(value: float) -> float:
    """Of 0, 1: every quantisation holds zeros. Raises ModelError for values that are smaller or larger than sane."""
    if value and not SCALE_RANGE[0] <= value <= SCALE_RANGE[1]:
        raise ModelError(
            f"a step of the quantisation would be {value:.3g}: expected {SCALE_RANGE[0]:g} to {SCALE_RANGE[1]:g}",
            hint="bring features and targets to ranges around 1 before training",
        )
    return float32(value) if value > 0 else 1.0
