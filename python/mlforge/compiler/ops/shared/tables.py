"""Tables of functions of int16, between whose points kernels interpolate."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]

_STEPS = 512
_MIN, _MAX = -(1 << 15), (1 << 15) - 1


def interpolation_table(
    function: Callable[[Floats], Floats],
    input_scale: float,
    input_zero_point: int,
    output_scale: float,
) -> NDArray[np.int16]:
    """int16[513]: the function at steps of 128, with half the error in the middle of a step taken off its start.

    Every operation is one of float32, as LUTPopulateInt16 in kernels/internal/common.h has it.
    """
    one = np.float32
    low = one(input_scale) * one(_MIN - input_zero_point)
    high = one(input_scale) * one(_MAX - input_zero_point)
    step = (high - low) / one(_STEPS)
    inverse = one(_MAX - _MIN + 1) / (one(output_scale) * one(_MAX) - one(output_scale) * one(_MIN))
    start = low + np.arange(_STEPS, dtype=np.float32) * step

    here, middle = function(start), function(start + step / one(2))
    after = function(low + np.arange(1, _STEPS + 1, dtype=np.float32) * step)
    sample = _rounded(here * inverse)
    error = _rounded((after * inverse + sample) / one(2)) - _rounded(middle * inverse)
    last = _rounded(function(np.array([high], np.float32)) * inverse)
    table: NDArray[np.int16] = (
        np.concatenate([sample - _rounded(error / one(2)), last]).clip(_MIN, _MAX).astype(np.int16)
    )
    return table


def _rounded(x: Floats) -> Floats:
    """Halves away from zero."""
    return np.trunc(x.astype(np.float64) + np.copysign(0.5, x)).astype(np.float32)


def exp_table() -> NDArray[np.int16]:
    """exp(x) for x from -10 to 0, in Q0.15."""

    def exp(x: Floats) -> Floats:
        return np.exp(x.astype(np.float64)).astype(np.float32)  # rounded correctly

    return interpolation_table(exp, _ratio(10, 65535), _MAX, _ratio(2, 65535))


def reciprocal_table() -> NDArray[np.int16]:
    """1 / (1 + x) for x from 0 to 1, in Q0.15."""

    def reciprocal(x: Floats) -> Floats:
        return np.float32(1) / (np.float32(1) + x)

    return interpolation_table(reciprocal, _ratio(1, 65535), _MIN, _ratio(2, 65535))


def _ratio(a: int, b: int) -> float:
    return float(np.float32(a) / np.float32(b))


def logistic_table() -> NDArray[np.uint16]:
    """uint16[256]: logistic(i / 24) in Q0.16, with half the error in the middle of a step taken off; the last is 1."""
    exact = 65536 / (1 + np.exp(-np.arange(-1, 257) / 24))
    bend = exact[2:] - 2 * exact[1:-1] + exact[:-2]  # an eighth of it is the error in the middle
    table = np.floor(exact[1:-1] - bend / 16 + 0.5)
    table[-1] = 65535
    return table.astype(np.uint16)
