"""LOG_SOFTMAX over the last axis."""

from __future__ import annotations

from mlforge.compiler.fixed_point import Multiplier, quantize_multiplier
from mlforge.compiler.graph import Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Lowered, Operator, Options, View, input_is_int8, output_is_int8, same_shape
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.softmax import depth_is_moderate, difference_fields, scaled_difference

_UNIT = 16
_ZERO_POINT = 127


def output_is_a_logarithm(view: View) -> str:
    """The output's scale is 1/16 and its zero point 127."""
    quantization = view.output_quantization
    if quantization.scale * _UNIT == 1 and quantization.zero_point == _ZERO_POINT:
        return ""
    return f"the output's scale is {quantization.scale:.9g}, its zero point {quantization.zero_point}"


def scale_is_moderate(view: View) -> str:
    """The input's scale is above 2^-26."""
    scale = view.input_quantization().scale
    return "" if scale > 2.0**-26 and 0 < _reverse_factor(view) < 1 else f"it is {scale:.9g}"


def _reverse_factor(view: View) -> float:
    """PreprocessLogSoftmaxScalingExp in kernels/internal/quantization_util.cc."""
    multiplier = scaled_difference(view)
    return 2.0 ** (31 - multiplier.exponent) / multiplier.value


def _reverse(view: View) -> Multiplier:
    return quantize_multiplier(_reverse_factor(view))


class LogSoftmax(Operator):
    kind = "LOG_SOFTMAX"
    inputs = (1, 1)
    constraints = (
        input_is_int8,
        output_is_int8,
        same_shape,
        depth_is_moderate,
        output_is_a_logarithm,
        scale_is_moderate,
    )

    def read(self, options: Options) -> Attributes:
        return ElementwiseAttributes()

    def lower(self, view: View, isa: Isa) -> Lowered:
        reverse = _reverse(view)
        return Lowered(
            kernel="mlforge_log_softmax_s8",
            parameters_type="mlforge_log_softmax",
            parameters={
                "softmax": difference_fields(view),
                "reverse_multiplier": reverse.value,
                "reverse_shift": reverse.shift,
            },
            inputs=view.node.inputs,
            outputs=view.node.outputs,
            in_place=frozenset(view.node.inputs),
        )
