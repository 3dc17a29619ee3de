"""SUM over any axes."""

from __future__ import annotations

from mlforge.compiler.fixed_point import quantize_multiplier
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.contract import Lowered, View, input_is_int8, output_is_int8
from mlforge.compiler.ops.elementwise import ratio_is_moderate
from mlforge.compiler.ops.reduction import Reduction, axes_are_constant, count_is_moderate, shape_fits, sum_call


class Sum(Reduction):
    kind = "SUM"
    constraints = (input_is_int8, output_is_int8, ratio_is_moderate, axes_are_constant, count_is_moderate, shape_fits)

    def lower(self, view: View, isa: Isa) -> Lowered:
        return sum_call(view, quantize_multiplier(view.input_quantization().scale / view.output_quantization.scale))
