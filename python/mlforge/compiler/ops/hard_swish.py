"""HARD_SWISH: x * relu6(x + 3) / 6, in 16 bits."""

from __future__ import annotations

import numpy as np

from mlforge.compiler.fixed_point import Ints, Multiplier, divide_by_power, quantize_multiplier
from mlforge.compiler.ops.operator import View, input_is_int8, output_is_int8, same_shape
from mlforge.compiler.ops.shared.elementwise import Elementwise

_BITS = 7  # in front of the input
_INT16_MIN, _INT16_MAX = -(1 << 15), (1 << 15) - 1


def scales_are_moderate(view: View) -> str:
    """The input's scale is between 2^-21 and 256, and the output's between a 127th of it and 255 times it."""
    source, result = view.input_quantization().scale, view.output_quantization.scale
    if 2.0**-21 <= source <= 256 and source / 127 <= result <= source * 255:
        return ""
    return f"the scales are {source:.9g} and {result:.9g}"


class HardSwish(Elementwise):
    kind = "HARD_SWISH"
    constraints = (input_is_int8, output_is_int8, same_shape, scales_are_moderate)

    def results(self, view: View, values: Ints) -> Ints:
        """HardSwish in kernels/internal/reference/hard_swish.h; the factors are doubles (hard_swish_common.cc)."""
        source, result = view.input_quantization(), view.output_quantization
        scale = source.scale / (1 << _BITS)
        output = quantize_multiplier(scale / result.scale)
        reluish = quantize_multiplier(scale / (3.0 / 32768.0))
        x = (values - source.zero_point) << _BITS
        gate = (_gate(x, reluish) + (1 << 15)) >> 1  # from [-1, 1) to [0, 1), in Q0.15
        product = gate * _multiply(x, _narrow(output))
        truncated = np.sign(product) * (np.abs(product) >> 15)
        return divide_by_power(truncated, -output.exponent) + result.zero_point


def _gate(x: Ints, multiplier: Multiplier) -> Ints:
    """x / 3, saturated at -1 and 1, in Q0.15. One bit of a shift to the left comes last, as the reference has it."""
    exponent = multiplier.exponent
    if exponent > 0:
        x = _saturate(x << (exponent - 1))
    x = _multiply(x, _narrow(multiplier))
    if exponent > 0:
        x = _saturate(x << 1)
    return divide_by_power(x, max(-exponent, 0))


def _narrow(multiplier: Multiplier) -> int:
    """The multiplier in 16 bits (DownScaleInt32ToInt16Multiplier)."""
    return min((multiplier.value + (1 << 15)) >> 16, _INT16_MAX)


def _multiply(x: Ints, factor: int) -> Ints:
    """SaturatingRoundingDoublingHighMul of int16; the factor is positive, so that it does not saturate."""
    result: Ints = (x * factor + (1 << 14)) >> 15
    return result


def _saturate(x: Ints) -> Ints:
    return np.clip(x, _INT16_MIN, _INT16_MAX)
