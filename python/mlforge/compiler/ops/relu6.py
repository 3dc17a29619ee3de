"""RELU6 that stands alone: the reference clamps in the input's quantisation and does not rescale to the output's."""

from mlforge.compiler.fixed_point import quantize
from mlforge.compiler.ops.operator import View, same_shape
from mlforge.compiler.ops.shared.integers import LIMITS, input_is_integer, output_is_alike
from mlforge.compiler.ops.shared.rescaling import NOTHING, ONE, Lines, Rescaling


class Relu6(Rescaling):
    kind = "RELU6"
    constraints = (input_is_integer, output_is_alike, same_shape)

    def lines(self, view: View) -> Lines:
        source = view.input_quantization()
        six = min(quantize(6.0, source.scale, source.zero_point), LIMITS[view.input().dtype][1])
        return Lines(ONE, NOTHING, source.zero_point, source.zero_point, six)
