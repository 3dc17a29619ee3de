"""TANH."""

from mlforge.compiler.fixed_point import Ints, tanh
from mlforge.compiler.ops.operator import View
from mlforge.compiler.ops.shared.sigmoids import Sigmoid, output_fits, saturating, scale_is_moderate


def output_is_symmetric(view: View) -> str:
    """The output's scale is 1/128 (int16: 1/32768) and its zero point 0."""
    return output_fits(view, (1 / 128, 0))


class Tanh(Sigmoid):
    kind = "TANH"
    constraints = (*Sigmoid.constraints, output_is_symmetric, scale_is_moderate)
    shifts = (0, 1)

    def results(self, view: View, values: Ints) -> Ints:
        return saturating(view, values, tanh, bits=7, zero_point=0)
