"""LEAKY_RELU: negative values are multiplied by alpha."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from tflite.LeakyReluOptions import LeakyReluOptions

from mlforge.compiler.fixed_point import quantize_multiplier
from mlforge.compiler.graph import Attributes
from mlforge.compiler.ops.operator import Options, View
from mlforge.compiler.ops.shared.integers import limits_of
from mlforge.compiler.ops.shared.rescaling import Lines, Rescaling


@dataclass(frozen=True, slots=True)
class LeakyReluAttributes(Attributes):
    alpha: float = 0.0


def alpha_is_sane(view: View) -> str:
    """Alpha is not negative, and alpha times the input's scale at most 2^30 times the output's."""
    alpha = view.node.attributes_as(LeakyReluAttributes).alpha
    a, b = view.input_quantization().scale, view.output_quantization.scale
    return "" if isfinite(alpha) and alpha >= 0 and a * alpha <= b * (1 << 30) else f"alpha is {alpha:g}"


class LeakyRelu(Rescaling):
    kind = "LEAKY_RELU"
    options = "LeakyReluOptions"
    constraints = (*Rescaling.constraints, alpha_is_sane)

    def read(self, options: Options) -> Attributes:
        if options is None:
            return LeakyReluAttributes()
        table = LeakyReluOptions()
        table.Init(options.Bytes, options.Pos)
        return LeakyReluAttributes(float(table.Alpha()))

    def lines(self, view: View) -> Lines:
        """Factors in doubles (CalculateOpDataLeakyRelu in micro/kernels/leaky_relu_common.cc)."""
        source, result = view.input_quantization(), view.output_quantization
        alpha = view.node.attributes_as(LeakyReluAttributes).alpha
        above = quantize_multiplier(source.scale / result.scale)
        below = quantize_multiplier(source.scale * alpha / result.scale)
        return Lines(above, below, result.zero_point, *limits_of(view))
