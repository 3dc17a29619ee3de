"""The quantise stage: fixed point to the model's int8 input. Its C half is runtime/features/quantise.c."""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from mlforge.errors import DataError
from mlforge.features.fixed_point import Factor, factor
from mlforge.features.flow import Element, Flow
from mlforge.features.stage import PlainStage, require, require_values

NARROWED_BITS: Final = 16  # of the multiplier that int16 does without
MOST_NARROW_SHIFT: Final = 30


@dataclass(frozen=True, slots=True)
class Quantisation:
    """The model input's parameters: an int8 value q stands for `scale * (q - zero_point)`."""

    scale: float
    zero_point: int


class QuantiseTables(ctypes.Structure):
    """`struct mlforge_quantise`."""

    _fields_: ClassVar = [
        ("multiplier", ctypes.c_int32),
        ("zero_point", ctypes.c_int32),
        ("shift", ctypes.c_uint8),
        ("narrow", ctypes.c_uint8),
    ]


@dataclass(frozen=True, slots=True)
class Quantise(PlainStage):
    """int8 = clamp(round(value * multiplier / 2^shift) + zero_point); halves are rounded away from zero.

    Of int16 values, 15 bits of the multiplier count, and halves are rounded up: within 0.004 steps of the same.
    """

    multiplier: int
    zero_point: int
    shift: int

    template: ClassVar[str] = "quantise.c.j2"
    function: ClassVar[str] = "mlforge_quantise_process"

    def output(self, flow: Flow) -> Flow:
        require_values(flow, "quantise")
        require(flow.element is Element.INT32 or self._fits_narrow, "quantise", "its scale is too fine for int16")
        return replace(flow, element=Element.INT8, frac_bits=0, low=-128, high=127)

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        scale = self.scale_for(flow)
        return QuantiseTables(scale.multiplier, self.zero_point, scale.shift, int(flow.element is Element.INT16))

    def scale_for(self, flow: Flow) -> Factor:
        """What values are multiplied with: of int16, 15 bits of it, and a shift of at most 30."""
        if flow.element is Element.INT32:
            return Factor(self.multiplier, self.shift)
        shift = self.shift - NARROWED_BITS
        multiplier = min(2**15 - 1, self.multiplier + (1 << (NARROWED_BITS - 1)) >> NARROWED_BITS)
        drop = max(0, shift - MOST_NARROW_SHIFT)
        return Factor(multiplier >> min(drop, 15), min(shift, MOST_NARROW_SHIFT))

    @property
    def _fits_narrow(self) -> bool:
        return self.shift > NARROWED_BITS


def make_quantise(quantisation: Quantisation, frac_bits: int) -> Quantise:
    """For values with so many fraction bits.

    Raises:
        DataError: the zero point is not an int8, or the scale is not a positive number that fixed point can hold.
    """
    if not -128 <= quantisation.zero_point <= 127:
        raise DataError(f"zero point {quantisation.zero_point}: expected -128 to 127")
    if not (math.isfinite(quantisation.scale) and quantisation.scale > 0):
        raise DataError(f"input scale {quantisation.scale}: expected a positive number")
    scaled = factor(math.ldexp(1.0 / quantisation.scale, -frac_bits))
    return Quantise(multiplier=scaled.multiplier, zero_point=quantisation.zero_point, shift=scaled.shift)
