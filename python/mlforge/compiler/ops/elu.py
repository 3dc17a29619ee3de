"""ELU: exp(x) - 1 below zero."""

import numpy as np

from mlforge.compiler.fixed_point import Ints
from mlforge.compiler.ops.operator import View, input_is_int8, output_is_int8, same_shape
from mlforge.compiler.ops.shared.elementwise import Elementwise


def ratio_is_moderate(view: View) -> str:
    """The input's scale is at most 2^20 times the output's, and both are at least 1e-15."""
    a, b = view.input_quantization().scale, view.output_quantization.scale
    return "" if a <= b * (1 << 20) and min(a, b) >= 1e-15 else f"the scales are {a:.9g} and {b:.9g}"


class Elu(Elementwise):
    kind = "ELU"
    constraints = (input_is_int8, output_is_int8, same_shape, ratio_is_moderate)

    def results(self, view: View, values: Ints) -> Ints:
        """Everything in float32, as PopulateLookupTable in micro/kernels/elu.cc has it."""
        source, result = view.input_quantization(), view.output_quantization
        x = np.float32(source.scale) * (values - source.zero_point).astype(np.float32)
        exp = np.exp(np.minimum(x, 0).astype(np.float64)).astype(np.float32)  # rounded correctly
        y = np.where(x < 0, exp - np.float32(1), x) * (np.float32(1) / np.float32(result.scale))
        rounded = np.trunc(y + np.copysign(np.float32(0.5), y).astype(np.float64))  # halves away from zero
        return rounded.astype(np.int64) + result.zero_point
