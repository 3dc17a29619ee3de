"""How many fraction bits raw frames have: a fixed point that the training data fit into, with headroom."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import DataError
from mlforge.features.pipeline import FRAC_BITS_RANGE

HEADROOM_BITS: Final = 3  # values up to eight times the largest of the training split do not saturate
INT16_HEADROOM_BITS: Final = 1
RESOLUTION_BITS: Final = 15  # steps in the deviation of the quietest channel
DEFAULT_FRAC_BITS: Final = 16
LEAST_STEPS: Final = 64  # in the deviation of the liveliest channel


def frac_bits_for(largest: float, deviation: NDArray[np.float64]) -> int:
    """As many fraction bits as the quietest channel needs, if the loudest then still fits into int32."""
    room = _room(largest)
    moving = deviation[deviation > largest * 2.0**-26]  # below that a channel is constant but for rounding
    quietest = float(moving.min()) if len(moving) else 1.0
    wanted = max(DEFAULT_FRAC_BITS, RESOLUTION_BITS + 1 - math.frexp(quietest)[1])
    low, high = FRAC_BITS_RANGE
    bits = max(low, min(room, wanted, high))
    steps = math.ldexp(float(deviation.max()), bits)
    if room < low or (0 < steps < LEAST_STEPS and bits == high):
        kind = "large" if room < low else "small"
        raise DataError(
            f"the values are too {kind} for 32-bit fixed point (largest {largest:g})", hint="scale the data"
        )
    return bits


def wide_frac_bits(largest: float) -> int:
    """All that int32 leaves: a transform scales to the range of its input."""
    low, high = FRAC_BITS_RANGE
    room = _room(largest)
    if room < low:
        raise DataError(f"the values are too large for 32-bit fixed point (largest {largest:g})", hint="scale the data")
    return min(room, high)


def frac_bits_of_int16(largest: float) -> int:
    """All that int16 leaves with headroom for twice the largest value."""
    low, high = FRAC_BITS_RANGE
    bits = 15 - INT16_HEADROOM_BITS - math.frexp(largest)[1]
    if bits < low:
        raise DataError(f"the values are too large for 16-bit fixed point (largest {largest:g})", hint="scale the data")
    return min(bits, high)


def _room(largest: float) -> int:
    return 31 - HEADROOM_BITS - math.frexp(largest)[1]
