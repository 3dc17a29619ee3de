"""LOGISTIC (the sigmoid function)."""

from mlforge.compiler.fixed_point import Ints, logistic
from mlforge.compiler.ops.operator import View
from mlforge.compiler.ops.shared.sigmoids import Sigmoid, output_fits, saturating, scale_is_moderate


def output_is_probability(view: View) -> str:
    """The output's scale is 1/256 and its zero point -128 (int16: 1/32768 and 0)."""
    return output_fits(view, (1 / 256, -128))


class Logistic(Sigmoid):
    kind = "LOGISTIC"
    constraints = (*Sigmoid.constraints, output_is_probability, scale_is_moderate)
    shifts = (0,)

    def results(self, view: View, values: Ints) -> Ints:
        return saturating(view, values, logistic, bits=8, zero_point=-128)
