"""RELU that stands alone."""

import numpy as np

from mlforge.compiler.fixed_point import (
    Activation,
    Ints,
    activation_range,
    apply_multiplier,
    float32,
    quantize_multiplier,
)
from mlforge.compiler.ops.contract import View
from mlforge.compiler.ops.elementwise import Elementwise, ratio_is_moderate


class Relu(Elementwise):
    kind = "RELU"
    constraints = (*Elementwise.constraints, ratio_is_moderate)

    def results(self, view: View, values: Ints) -> Ints:
        source, result = view.input_quantization(), view.output_quantization
        # The reference divides the scales as float32 (CalculateReluOpData in micro/kernels/activations_common.cc).
        factor = float32(np.float32(source.scale) / np.float32(result.scale))
        scaled = apply_multiplier(values - source.zero_point, quantize_multiplier(factor)) + result.zero_point
        low, high = activation_range(Activation.RELU, result.scale, result.zero_point)
        return np.clip(scaled, low, high)
