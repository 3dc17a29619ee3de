"""RELU that stands alone."""

from mlforge.compiler.fixed_point import Activation, quantize_multiplier
from mlforge.compiler.ops.operator import View
from mlforge.compiler.ops.shared.integers import limits_of
from mlforge.compiler.ops.shared.rescaling import Lines, Rescaling


class Relu(Rescaling):
    kind = "RELU"

    def lines(self, view: View) -> Lines:
        """The scales are divided in doubles (CalculateReluOpData in micro/kernels/activations_common.cc)."""
        source, result = view.input_quantization(), view.output_quantization
        factor = quantize_multiplier(source.scale / result.scale)
        return Lines(factor, factor, result.zero_point, *limits_of(view, Activation.RELU))
