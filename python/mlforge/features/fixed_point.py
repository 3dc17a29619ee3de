"""Real factors as integer multiplier and shift, for `mlforge_scale_i32` in runtime/include/mlforge/fixed_point.h.

Only IEEE 754 operations that are exact or correctly rounded are used, so every host finds the same integers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from mlforge.errors import DataError

MAX_SHIFT: Final = 62


@dataclass(frozen=True, slots=True)
class Factor:
    """`multiplier / 2^shift`, with multiplier 0 or in 2^30 .. 2^31 - 1, and shift in 1 .. 62."""

    multiplier: int
    shift: int

    @property
    def value(self) -> float:
        return math.ldexp(self.multiplier, -self.shift)


def factor(real: float) -> Factor:
    """The nearest `Factor`, within 2^-31 of `real`; one below 2^-32 becomes 0, as it rounds every int32 to 0.

    Raises:
        DataError: `real` is negative, not finite, or 2^30 and more.
    """
    if not (math.isfinite(real) and 0 <= real < 2**30):
        raise DataError(f"a factor of {real:g} cannot be computed in 32-bit fixed point: scale the data")
    mantissa, exponent = math.frexp(real)
    multiplier, shift = round(math.ldexp(mantissa, 31)), 31 - exponent
    if multiplier == 1 << 31:
        multiplier, shift = 1 << 30, shift - 1
    return Factor(0, 1) if shift > MAX_SHIFT or multiplier == 0 else Factor(multiplier, max(shift, 1))
