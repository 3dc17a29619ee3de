"""SUM over any axes."""

from __future__ import annotations

from mlforge.compiler.fixed_point import quantize_multiplier
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Lowered, View
from mlforge.compiler.ops.shared.reduction import SUM_CONSTRAINTS, Reduction, sum_call


class Sum(Reduction):
    kind = "SUM"
    constraints = SUM_CONSTRAINTS

    def lower(self, view: View, isa: Isa) -> Lowered:
        ratio = view.input_quantization().scale / view.output_quantization.scale
        return sum_call(view, quantize_multiplier(ratio), isa)
