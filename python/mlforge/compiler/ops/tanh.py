"""TANH."""

from mlforge.compiler.fixed_point import Ints, tanh
from mlforge.compiler.ops.contract import View, input_is_int8, output_is_int8, same_shape
from mlforge.compiler.ops.elementwise import Elementwise
from mlforge.compiler.ops.sigmoids import saturating, scale_is_moderate


def output_is_symmetric(view: View) -> str:
    """The output's scale is 1/128 and its zero point 0."""
    quantization = view.output_quantization
    if quantization.scale == 1 / 128 and quantization.zero_point == 0:
        return ""
    return f"the output has the scale {quantization.scale:.9g} and the zero point {quantization.zero_point}"


class Tanh(Elementwise):
    kind = "TANH"
    constraints = (input_is_int8, output_is_int8, same_shape, output_is_symmetric, scale_is_moderate)

    def results(self, view: View, values: Ints) -> Ints:
        return saturating(view, values, tanh, bits=7, zero_point=0)
