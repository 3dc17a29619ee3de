"""SOFTMAX over the last axis."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from tflite.SoftmaxOptions import SoftmaxOptions

from mlforge.compiler.fixed_point import INT32_MAX, input_radius, quantize_multiplier
from mlforge.compiler.graph import Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.contract import Lowered, Operator, Options, View, input_is_int8, output_is_int8, same_shape

_INTEGER_BITS = 5  # of a scaled difference
_MAX_DEPTH = 4095  # the sum of exponentials has 12 integer bits


@dataclass(frozen=True, slots=True)
class SoftmaxAttributes(Attributes):
    beta: float = 1.0


def output_is_probability(view: View) -> str:
    """The output's scale is 1/256 and its zero point -128."""
    quantization = view.output_quantization
    if quantization.scale == 1 / 256 and quantization.zero_point == -128:
        return ""
    return f"the output has the scale {quantization.scale:.9g} and the zero point {quantization.zero_point}"


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
    constraints = (input_is_int8, output_is_int8, same_shape, output_is_probability, depth_is_moderate, beta_is_sane)

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
        return Lowered(
            kernel="mlforge_softmax_s8",
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
            in_place=frozenset(view.node.inputs),
        )
