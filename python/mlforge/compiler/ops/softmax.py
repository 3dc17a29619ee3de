"""SOFTMAX over the last axis."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from tflite.SoftmaxOptions import SoftmaxOptions

from mlforge.compiler.fixed_point import INT32_MAX, input_radius, quantize_multiplier
from mlforge.compiler.graph import Attributes, DType
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.contract import Lowered, Operator, Options, View, input_is_int8, same_shape

_INTEGER_BITS = 5  # of a scaled difference
_MAX_DEPTH = 4095  # the sum of exponentials has 12 integer bits
_TOLERANCE = 0.001  # of an int16 output's scale (micro/kernels/softmax_common.cc)


@dataclass(frozen=True, slots=True)
class SoftmaxAttributes(Attributes):
    beta: float = 1.0


def output_is_probability(view: View) -> str:
    """The output is an activation: int8 with the scale 1/256 and the zero point -128, or int16 with 1/65536, -32768."""
    tensor, quantization = view.output, view.output_quantization
    found = (tensor.dtype, quantization.zero_point)
    near = abs(quantization.scale * 65536 - 1) <= _TOLERANCE
    if not tensor.is_constant and not quantization.per_channel:
        if found == (DType.INT8, -128) and quantization.scale == 1 / 256:
            return ""
        if found == (DType.INT16, -32768) and near:
            return ""
    return (
        f"the output is {tensor} with the scale {quantization.scale:.9g} and the zero point {quantization.zero_point}"
    )


def depth_is_moderate(view: View) -> str:
    """The last dimension is at most 4095."""
    shape = view.input().shape
    return "" if shape and shape[-1] <= _MAX_DEPTH else f"the input is {view.input()}"


def beta_is_sane(view: View) -> str:
    """Beta times the input's scale is above 2^-26, and beta is finite."""
    beta = view.node.attributes_as(SoftmaxAttributes).beta
    if isfinite(beta) and beta * view.input_quantization().scale * (1 << (31 - _INTEGER_BITS)) > 1:
        return ""
    return f"beta is {beta:g} and the input's scale {view.input_quantization().scale:.9g}"


class Softmax(Operator):
    kind = "SOFTMAX"
    options = "SoftmaxOptions"
    inputs = (1, 1)
    constraints = (input_is_int8, same_shape, output_is_probability, depth_is_moderate, beta_is_sane)

    def read(self, options: Options) -> Attributes:
        if options is None:
            return SoftmaxAttributes(0.0)
        table = SoftmaxOptions()
        table.Init(options.Bytes, options.Pos)
        return SoftmaxAttributes(float(table.Beta()))

    def lower(self, view: View, isa: Isa) -> Lowered:
        beta = view.node.attributes_as(SoftmaxAttributes).beta
        # PreprocessSoftmaxScaling in kernels/internal/quantization_util.cc
        factor = min(beta * view.input_quantization().scale * (1 << (31 - _INTEGER_BITS)), float(INT32_MAX))
        multiplier = quantize_multiplier(factor)
        depth = view.input().shape[-1]
        narrow = view.output.dtype is DType.INT8
        return Lowered(
            kernel="mlforge_softmax_s8" if narrow else "mlforge_softmax_s8_to_s16",
            parameters_type="mlforge_softmax",
            parameters={
                "rows": view.input().elements // depth,
                "depth": depth,
                "multiplier": multiplier.value,
                "left_shift": multiplier.exponent,
                "difference_min": -input_radius(_INTEGER_BITS, multiplier.exponent),
            },
            inputs=view.node.inputs,
            outputs=view.node.outputs,
            in_place=frozenset(view.node.inputs if narrow else ()),
        )
