"""MEAN over any axes."""

from __future__ import annotations

from mlforge.compiler.fixed_point import Multiplier, quantize_multiplier
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Lowered, View
from mlforge.compiler.ops.shared.reduction import SUM_CONSTRAINTS, Reduction, count_of, sum_call


def with_division(multiplier: Multiplier, count: int) -> Multiplier:
    """1 / count folded in as QuantizedMeanOrSum (kernels/internal/reference/reduce.h) does."""
    shift = min(count.bit_length() - 1, 32, 31 + multiplier.exponent)
    return Multiplier((multiplier.value << shift) // count, multiplier.exponent - shift)


class Mean(Reduction):
    kind = "MEAN"
    constraints = SUM_CONSTRAINTS

    def lower(self, view: View, isa: Isa) -> Lowered:
        multiplier = quantize_multiplier(view.input_quantization().scale / view.output_quantization.scale)
        return sum_call(view, with_division(multiplier, count_of(view)), isa)
