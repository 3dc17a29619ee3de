"""LOGISTIC (the sigmoid function)."""

from mlforge.compiler.fixed_point import Ints, logistic
from mlforge.compiler.ops.contract import View, input_is_int8, output_is_int8, same_shape
from mlforge.compiler.ops.elementwise import Elementwise
from mlforge.compiler.ops.sigmoids import saturating, scale_is_moderate


def output_is_probability(view: View) -> str:
    """The output's scale is 1/256 and its zero point -128."""
    quantization = view.output_quantization
    if quantization.scale == 1 / 256 and quantization.zero_point == -128:
        return ""
    return f"the output has the scale {quantization.scale:.9g} and the zero point {quantization.zero_point}"


class Logistic(Elementwise):
    kind = "LOGISTIC"
    constraints = (input_is_int8, output_is_int8, same_shape, output_is_probability, scale_is_moderate)

    def results(self, view: View, values: Ints) -> Ints:
        return saturating(view, values, logistic, bits=8, zero_point=-128)
