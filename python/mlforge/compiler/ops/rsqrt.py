"""RSQRT (1 / square root)."""

from math import sqrt

import numpy as np

from mlforge.compiler.fixed_point import (
    INT8_MAX,
    Ints,
    Multiplier,
    apply_multiplier,
    inverse_square_root,
    quantize_multiplier,
)
from mlforge.compiler.ops.operator import View, input_is_int8, output_is_int8, same_shape
from mlforge.compiler.ops.shared.elementwise import Elementwise

_BITS = 20  # in front of the inverse root, so that it is an integer (kShift in micro/kernels/elementwise.cc)


def scales_are_moderate(view: View) -> str:
    """The square root of the input's scale, times the output's scale, is at least 2^-30 and at most 2^10."""
    root = _root_times_scale(view)
    return "" if 2.0**-30 <= root <= 2.0**10 else f"it is {root:.9g}"


def _root_times_scale(view: View) -> float:
    """In doubles (SetRsqrtOutputMultiplier in micro/kernels/elementwise.cc)."""
    return sqrt(view.input_quantization().scale) * view.output_quantization.scale


class Rsqrt(Elementwise):
    """The reference refuses values below zero when it meets one; here they count as zero, which gives the largest."""

    kind = "RSQRT"
    constraints = (input_is_int8, output_is_int8, same_shape, scales_are_moderate)

    def results(self, view: View, values: Ints) -> Ints:
        scale = quantize_multiplier(1.0 / _root_times_scale(view))
        final = Multiplier(scale.value, scale.exponent - _BITS)
        zero_point = view.output_quantization.zero_point
        return np.array(
            [_result(int(value), final, zero_point) for value in values - view.input_quantization().zero_point]
        )


def _result(value: int, final: Multiplier, zero_point: int) -> int:
    if value <= 0:
        return INT8_MAX
    root = inverse_square_root(value)
    data = apply_multiplier(np.array(1), Multiplier(root.value, root.exponent + _BITS))
    return int(apply_multiplier(data, final)) + zero_point
