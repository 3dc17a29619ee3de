"""PRELU: negative values are multiplied by the second input."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mlforge.compiler.fixed_point import Ints, Multiplier, apply_multiplier, quantize_multiplier
from mlforge.compiler.graph import Attributes
from mlforge.compiler.ops.broadcast import Broadcast
from mlforge.compiler.ops.contract import Field, Options, View
from mlforge.compiler.ops.elementwise import ElementwiseAttributes


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
    kernel = "mlforge_prelu_s8"
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
            "zero_point_output": view.output_quantization.zero_point,
            "shift_positive": positive.shift,
            "shift_negative": negative.shift,
            "multiplier_positive": positive.value,
            "multiplier_negative": negative.value,
        }
