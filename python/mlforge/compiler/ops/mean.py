"""MEAN over any axes."""

from __future__ import annotations

from mlforge.compiler.fixed_point import Multiplier, quantize_multiplier
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.contract import Lowered, View, input_is_int8, output_is_int8
from mlforge.compiler.ops.elementwise import ratio_is_moderate
from mlforge.compiler.ops.reduction import (
    Reduction,
    axes_are_constant,
    count_is_moderate,
    count_of,
    shape_fits,
    sum_call,
)


def _with_division(multiplier: Multiplier, count: int) -> Multiplier:
    """1 / count folded in as QuantizedMeanOrSum (kernels/internal/reference/reduce.h) does."""
    shift = min(count.bit_length() - 1, 32, 31 + multiplier.exponent)
    return Multiplier((multiplier.value << shift) // count, multiplier.exponent - shift)


class Mean(Reduction):
    kind = "MEAN"
    constraints = (input_is_int8, output_is_int8, ratio_is_moderate, axes_are_constant, count_is_moderate, shape_fits)

    def lower(self, view: View, isa: Isa) -> Lowered:
        multiplier = quantize_multiplier(view.input_quantization().scale / view.output_quantization.scale)
        return sum_call(view, _with_division(multiplier, count_of(view)))
