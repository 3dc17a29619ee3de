"""RELU6 that stands alone: the reference clamps in the input's quantisation and does not rescale to the output's."""

import numpy as np

from mlforge.compiler.fixed_point import INT8_MAX, Ints, quantize
from mlforge.compiler.ops.contract import View
from mlforge.compiler.ops.elementwise import Elementwise


class Relu6(Elementwise):
    kind = "RELU6"

    def results(self, view: View, values: Ints) -> Ints:
        source = view.input_quantization()
        six = min(quantize(6.0, source.scale, source.zero_point), INT8_MAX)
        return np.clip(values, source.zero_point, six)
