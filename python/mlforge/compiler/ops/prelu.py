"""PRELU: negative values are multiplied by the second input."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mlforge.compiler.fixed_point import Ints, Multiplier, apply_multiplier, quantize_multiplier
from mlforge.compiler.graph import Attributes, DType
from mlforge.compiler.ops.operator import Field, Options, View, output_stage
from mlforge.compiler.ops.shared.broadcast import Broadcast, shapes_fit
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.shared.integers import limits_of, not_an_integer, output_is_alike


def operands_are_integers(view: View) -> str:
    """Quantised per tensor, input 1 is int8, or int16 with the zero point 0; input 2 int8; at most one is constant."""
    found = not_an_integer(view.input(0)) or not_an_integer(view.input(1))
    if found or view.input(1).dtype is not DType.INT8:
        return found or f"the second input is {view.input(1)}"
    return "both inputs are constant" if view.input(0).is_constant and view.input(1).is_constant else ""


def _multipliers(view: View) -> tuple[Multiplier, Multiplier]:
    """For values at or above zero, and below (CalculatePreluParams in micro/kernels/prelu_common.cc)."""
    source, alpha, result = (
        view.input_quantization(0).scale,
        view.input_quantization(1).scale,
        view.output_quantization.scale,
    )
    return quantize_multiplier(source / result), quantize_multiplier(source * alpha / result)


class Prelu(Broadcast):
    kind = "PRELU"
    constraints = (operands_are_integers, output_is_alike, shapes_fit)
    kernel = "mlforge_prelu"
    parameters_type = "mlforge_prelu"

    def read(self, options: Options) -> Attributes:
        return ElementwiseAttributes()

    def results(self, view: View, a: Ints, b: Ints) -> Ints:
        positive, negative = _multipliers(view)
        x, alpha = a - view.input_quantization(0).zero_point, b - view.input_quantization(1).zero_point
        scaled = np.where(x >= 0, apply_multiplier(x, positive), apply_multiplier(x * alpha, negative))
        return scaled + view.output_quantization.zero_point

    def parameters(self, view: View) -> Mapping[str, Field]:
        positive, negative = _multipliers(view)
        return {
            "zero_point_1": view.input_quantization(0).zero_point,
            "zero_point_2": view.input_quantization(1).zero_point,
            "stage": output_stage(*limits_of(view), view.output_quantization.zero_point),
            "shift_positive": positive.shift,
            "shift_negative": negative.shift,
            "multiplier_positive": positive.value,
            "multiplier_negative": negative.value,
        }
