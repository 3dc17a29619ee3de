"""ABS."""

import numpy as np

from mlforge.compiler.fixed_point import Ints, apply_multiplier, float32, quantize_multiplier
from mlforge.compiler.ops.contract import View
from mlforge.compiler.ops.elementwise import Elementwise, ratio_is_moderate


class Abs(Elementwise):
    kind = "ABS"
    constraints = (*Elementwise.constraints, ratio_is_moderate)

    def results(self, view: View, values: Ints) -> Ints:
        source, result = view.input_quantization(), view.output_quantization
        size = np.abs(values - source.zero_point)
        if source.scale != result.scale:  # else not even multiplied (micro/kernels/elementwise.cc, AbsEvalQuantized)
            factor = float32(np.float32(source.scale) / np.float32(result.scale))
            size = apply_multiplier(size, quantize_multiplier(factor))
        return size + result.zero_point
