"""QUANTIZE from int8 to int8: another scale and zero point."""

from mlforge.compiler.fixed_point import Ints, apply_multiplier, quantize_multiplier
from mlforge.compiler.ops.contract import View
from mlforge.compiler.ops.elementwise import Elementwise


class Quantize(Elementwise):
    kind = "QUANTIZE"

    def results(self, view: View, values: Ints) -> Ints:
        source, result = view.input_quantization(), view.output_quantization
        multiplier = quantize_multiplier(source.scale / result.scale)
        return apply_multiplier(values - source.zero_point, multiplier) + result.zero_point
