"""From real factors to the integers that the kernels take, exactly as TensorFlow Lite Micro derives them.

Sources, all in tensorflow/lite of tflite-micro: kernels/internal/quantization_util.cc (QuantizeMultiplier,
CalculateInputRadius), kernels/kernel_util.cc (CalculateActivationRangeQuantized), kernels/internal/common.cc
(MultiplyByQuantizedMultiplier, double rounding), and gemmlowp's fixedpoint.h.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import floor, frexp
from typing import Final

import numpy as np
from numpy.typing import NDArray

INT8_MIN: Final = -128
INT8_MAX: Final = 127
INT32_MIN: Final = -(1 << 31)
INT32_MAX: Final = (1 << 31) - 1


class Activation(StrEnum):
    """Fused into an operator; the names of TensorFlow Lite."""

    NONE = "NONE"
    RELU = "RELU"
    RELU_N1_TO_1 = "RELU_N1_TO_1"
    RELU6 = "RELU6"


@dataclass(frozen=True, slots=True)
class Multiplier:
    """The factor `value / 2^31 * 2^exponent`; `value` is 0 or in [2^30, 2^31 - 1]."""

    value: int
    exponent: int

    @property
    def shift(self) -> int:
        """As the kernels take it (see mlforge/kernels.h): -1 - exponent."""
        return -1 - self.exponent


def round_half_away(value: float) -> int:
    """C's round()."""
    return floor(value + 0.5) if value >= 0 else -floor(-value + 0.5)


def quantize_multiplier(factor: float) -> Multiplier:
    """QuantizeMultiplier for a factor of at least 0."""
    if factor == 0.0:
        return Multiplier(0, 0)
    fraction, exponent = frexp(factor)
    value = round_half_away(fraction * (1 << 31))
    if value == 1 << 31:
        value //= 2
        exponent += 1
    if exponent < -31:
        return Multiplier(0, 0)
    return Multiplier(value, min(exponent, 31))


def float32(value: float | np.float32) -> float:
    """Rounded to float32."""
    return float(np.float32(value))


def quantize(value: float, scale: float, zero_point: int) -> int:
    """The integer that stands for `value`, in float32 as the reference does; not clamped."""
    return round_half_away(float(np.float32(value) / np.float32(scale))) + zero_point


def activation_range(
    activation: Activation, scale: float, zero_point: int, smallest: int = INT8_MIN, largest: int = INT8_MAX
) -> tuple[int, int]:
    """Smallest and largest result of an operator with this fused activation, of what its type can hold."""
    low, high = smallest, largest
    match activation:
        case Activation.RELU:
            low = max(low, quantize(0.0, scale, zero_point))
        case Activation.RELU6:
            low = max(low, quantize(0.0, scale, zero_point))
            high = min(high, quantize(6.0, scale, zero_point))
        case Activation.RELU_N1_TO_1:
            low = max(low, quantize(-1.0, scale, zero_point))
            high = min(high, quantize(1.0, scale, zero_point))
        case Activation.NONE:
            pass
    return low, min(max(high, smallest), largest)


def input_radius(integer_bits: int, left_shift: int, total_bits: int = 31) -> int:
    """CalculateInputRadius: beyond it, a function of a fixed-point number saturates."""
    return floor(((1 << integer_bits) - 1) * (1 << (total_bits - integer_bits)) / (1 << left_shift))


# What follows works on arrays of int64 that hold int32 values: for tables that the compiler fills in.

Ints = NDArray[np.int64]


def multiply_high(a: Ints, b: Ints | int) -> Ints:
    """SaturatingRoundingDoublingHighMul."""
    product: Ints = (a * b + (1 << 30)) >> 31
    return np.minimum(product, INT32_MAX)


def divide_by_power(x: Ints, exponent: int) -> Ints:
    """RoundingDivideByPOT: halves away from zero."""
    if exponent == 0:
        return x
    result: Ints = (x + (1 << (exponent - 1)) - (x < 0)) >> exponent
    return result


def saturating_shift_left(x: Ints, shift: int) -> Ints:
    result: Ints = np.clip(x << shift, INT32_MIN, INT32_MAX)
    return result


def apply_multiplier(x: Ints, multiplier: Multiplier) -> Ints:
    """MultiplyByQuantizedMultiplier; the shift to the left wraps at 32 bits."""
    left, right = max(multiplier.exponent, 0), max(-multiplier.exponent, 0)
    wrapped: Ints = ((x << left) - INT32_MIN) % (1 << 32) + INT32_MIN
    return divide_by_power(multiply_high(wrapped, multiplier.value), right)


def exp_on_negative_values(a: Ints, integer_bits: int) -> Ints:
    """exp(a) in Q0.31 for a <= 0 with `integer_bits` integer bits (at most 5)."""
    fraction_bits = 31 - integer_bits
    quarter = 1 << (fraction_bits - 2)
    fraction = (a & (quarter - 1)) - quarter
    rest = fraction - a
    x = saturating_shift_left(fraction, integer_bits) + (1 << 28)
    x2 = multiply_high(x, x)
    x3, x4 = multiply_high(x2, x), multiply_high(x2, x2)
    inner = multiply_high(divide_by_power(x4, 2) + x3, 715827883) + x2
    result = 1895147668 + multiply_high(x + divide_by_power(inner, 1), 1895147668)
    factors = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
    for exponent, factor in zip(range(-2, 5), factors, strict=True):
        if integer_bits > exponent:
            bit = 1 << (fraction_bits + exponent)
            result = np.where(rest & bit != 0, multiply_high(result, factor), result)
    return np.where(a == 0, INT32_MAX, result)


def _newton_raphson(a: Ints) -> Ints:
    """2 / (1 + a) in Q2.29 for a in [0, 1] in Q0.31."""
    half_denominator = (a + INT32_MAX + 1) // 2
    y = 1515870810 + multiply_high(half_denominator, -1010580540)
    for _ in range(3):
        error = (1 << 29) - multiply_high(half_denominator, y)
        y = y + saturating_shift_left(multiply_high(y, error), 2)
    return y


def reciprocal_of_one_plus(a: Ints) -> Ints:
    """1 / (1 + a) in Q0.31 for a in [0, 1] in Q0.31."""
    return saturating_shift_left(_newton_raphson(a), 1)


def logistic(a: Ints, integer_bits: int) -> Ints:
    """1 / (1 + exp(-a)) in Q0.31."""
    y = reciprocal_of_one_plus(exp_on_negative_values(-np.abs(a), integer_bits))
    return np.where(a == 0, 1 << 30, np.where(a > 0, y, INT32_MAX - y))


def tanh(a: Ints, integer_bits: int) -> Ints:
    """tanh(a) in Q0.31."""
    y = _newton_raphson(exp_on_negative_values(-np.abs(a), integer_bits + 1))
    y = saturating_shift_left(y - (1 << 29), 2)
    return np.where(a == 0, 0, np.where(a < 0, -y, y))


def inverse_square_root(value: int) -> Multiplier:
    """1 / sqrt(value) for a value of at least 1 (GetInvSqrtQuantizedMultiplierExp in kernels/internal/common.h)."""
    if value == 1:
        return Multiplier(INT32_MAX, 0)
    right = 11
    while value >= 1 << 29:
        value //= 4
        right += 1
    pairs = (31 - value.bit_length()) // 2 - 1
    right -= pairs
    half = np.array((value << (2 * pairs)) >> 1)  # of the value, in [1/4, 1), in Q3.28
    x = np.array(1 << 28)
    for _ in range(5):  # Newton and Raphson: x * (3 - value * x^2) / 2
        cube = saturating_shift_left(multiply_high(multiply_high(x, x), x), 6)
        step = multiply_high(np.array((1 << 28) + (1 << 27)), x) - multiply_high(divide_by_power(half, 1), cube)
        x = saturating_shift_left(step, 3)
    result = int(multiply_high(x, 1518500250))  # sqrt(1/2) in Q0.31
    return Multiplier(result << max(-right, 0), -max(right, 0))
