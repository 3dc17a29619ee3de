"""What LOGISTIC and TANH have in common: a fixed-point function of a scaled input, saturated beyond a radius."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mlforge.compiler.fixed_point import (
    INT8_MAX,
    INT8_MIN,
    Ints,
    apply_multiplier,
    divide_by_power,
    input_radius,
    quantize_multiplier,
)
from mlforge.compiler.ops.contract import View

_INTEGER_BITS = 4  # of the scaled input


def scale_is_moderate(view: View) -> str:
    """The input's scale is between 2^-27 and 16."""
    scale = view.input_quantization().scale
    return "" if 2.0**-27 <= scale <= 16 else f"the input's scale is {scale:.9g}"


def saturating(view: View, values: Ints, function: Callable[[Ints, int], Ints], bits: int, zero_point: int) -> Ints:
    """`function` (from Q4.27 to Q0.31) with `bits` fraction bits kept, plus `zero_point`."""
    source = view.input_quantization()
    multiplier = quantize_multiplier(source.scale * (1 << (31 - _INTEGER_BITS)))
    radius = input_radius(_INTEGER_BITS, multiplier.exponent)
    centred = values - source.zero_point
    inside = np.clip(centred, -radius, radius)
    result = divide_by_power(function(apply_multiplier(inside, multiplier), _INTEGER_BITS), 31 - bits) + zero_point
    result = np.clip(result, INT8_MIN, INT8_MAX)
    return np.where(centred <= -radius, INT8_MIN, np.where(centred >= radius, INT8_MAX, result))
