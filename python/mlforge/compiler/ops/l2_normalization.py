"""L2_NORMALIZATION over the last axis."""

from __future__ import annotations

from tflite.L2NormOptions import L2NormOptions

from mlforge.compiler.fixed_point import Activation
from mlforge.compiler.graph import Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import (
    Lowered,
    Operator,
    Options,
    View,
    input_is_int8,
    output_is_int8,
    read_activation,
    same_shape,
)
from mlforge.compiler.ops.shared.scaled_pair import ArithmeticAttributes

_MAX_DEPTH = 33025  # the sum of squares fits 31 bits
_UNIT = 128
_MAX_RANK = 4


def depth_is_moderate(view: View) -> str:
    """The input has 1 to 4 dimensions, the last of at most 33025."""
    shape = view.input().shape
    return "" if 1 <= len(shape) <= _MAX_RANK and shape[-1] <= _MAX_DEPTH else f"the input is {view.input()}"


def output_is_a_share(view: View) -> str:
    """The output's scale is 1/128 and its zero point 0."""
    quantization = view.output_quantization
    if quantization.scale * _UNIT == 1 and quantization.zero_point == 0:
        return ""
    return f"the output's scale is {quantization.scale:.9g}, its zero point {quantization.zero_point}"


def no_activation(view: View) -> str:
    """No activation is fused."""
    activation = view.node.attributes_as(ArithmeticAttributes).activation
    return "" if activation is Activation.NONE else f"it is {activation}"


class L2Normalization(Operator):
    kind = "L2_NORMALIZATION"
    options = "L2NormOptions"
    inputs = (1, 1)
    constraints = (input_is_int8, output_is_int8, same_shape, depth_is_moderate, output_is_a_share, no_activation)

    def read(self, options: Options) -> Attributes:
        if options is None:
            return ArithmeticAttributes()
        table = L2NormOptions()
        table.Init(options.Bytes, options.Pos)
        return ArithmeticAttributes(read_activation(self.kind, table.FusedActivationFunction()))

    def lower(self, view: View, isa: Isa) -> Lowered:
        depth = view.input().shape[-1]
        return Lowered(
            kernel="mlforge_l2_normalization_s8",
            parameters_type="mlforge_l2_normalization",
            parameters={
                "rows": view.input().elements // depth,
                "depth": depth,
                "zero_point": view.input_quantization().zero_point,
            },
            inputs=view.node.inputs,
            outputs=view.node.outputs,
            in_place=frozenset(view.node.inputs),
        )
