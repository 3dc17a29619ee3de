"""The standardise stage: zero mean and unit deviation by channel. Its C half is runtime/features/standardise.c."""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass, replace
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from mlforge.features.fixed_point import MAX_SHIFT, factor
from mlforge.features.flow import INT32_RANGE, Element, Flow
from mlforge.features.stage import PlainStage, array, require, require_values

# 4096 steps in a deviation, a hundred in a step of int8; and with it factors stay below 1/4, the fast path in C.
OUTPUT_FRAC_BITS: Final = 12


class StandardiseTables(ctypes.Structure):
    """`struct mlforge_standardise`."""

    _fields_: ClassVar = [
        ("mean", ctypes.POINTER(ctypes.c_int32)),
        ("multiplier", ctypes.POINTER(ctypes.c_int32)),
        ("shift", ctypes.POINTER(ctypes.c_uint8)),
        ("narrow", ctypes.c_uint8),
    ]


@dataclass(frozen=True, slots=True)
class Standardise(PlainStage):
    """Fitted, one entry for each value of a block: output = (value - mean) * multiplier / 2^shift, with 12 fraction
    bits."""

    mean: tuple[int, ...]  # in the values' own fixed point
    multiplier: tuple[int, ...]
    shift: tuple[int, ...]
    limit: int = 0  # the largest magnitude that is trained with, as output; 0 for none. On the device int8 ends there

    template: ClassVar[str] = "standardise.c.j2"
    function: ClassVar[str] = "mlforge_standardise_process"
    in_place: ClassVar[bool] = True

    def output(self, flow: Flow) -> Flow:
        require_values(flow, "standardise")
        require(self._is_sound(flow.length), "standardise", f"its tables do not go with {flow.length} values")
        low, high = INT32_RANGE
        bits = OUTPUT_FRAC_BITS
        return replace(flow, element=Element.INT32, frac_bits=bits, row_bits=(), low=low, high=high)

    def _is_sound(self, length: int) -> bool:
        """Whether the tables are complete, and within what the C code takes."""
        return (
            len(self.mean) == len(self.multiplier) == len(self.shift) == length
            and all(-(2**31) <= value < 2**31 for value in self.mean)
            and all(value == 0 or 2**30 <= value < 2**31 for value in self.multiplier)
            and all(1 <= value <= MAX_SHIFT for value in self.shift)
            and 0 <= self.limit < 2**31
        )

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        return StandardiseTables(
            array(ctypes.c_int32, self.mean),
            array(ctypes.c_int32, self.multiplier),
            array(ctypes.c_uint8, self.shift),
            int(flow.element is Element.INT16),
        )


def fit_standardise(
    mean: NDArray[np.float64], deviation: NDArray[np.float64], frac_bits: int, clip: float = 0.0
) -> Standardise:
    """From each value's mean and deviation (float64 [length]) for blocks with so many fraction bits. `clip` is in
    deviations.

    A value that moves by less than one step of the blocks' fixed point carries nothing: it is centred, not scaled.
    """
    centre = [round(math.ldexp(float(value), frac_bits)) for value in mean]
    steps = [math.ldexp(float(value), frac_bits) for value in deviation]
    factors = [factor(math.ldexp(1.0, OUTPUT_FRAC_BITS) / step if step >= 1.0 else 1.0) for step in steps]
    return Standardise(
        mean=tuple(centre),
        multiplier=tuple(one.multiplier for one in factors),
        shift=tuple(one.shift for one in factors),
        limit=round(math.ldexp(clip, OUTPUT_FRAC_BITS)),
    )
