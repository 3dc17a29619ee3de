"""SOFTMAX over the last axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from tflite.SoftmaxOptions import SoftmaxOptions

from mlforge.compiler.fixed_point import INT32_MAX, Multiplier, input_radius, quantize_multiplier
from mlforge.compiler.graph import Attributes, DType
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Constant, Field, Lowered, Operator, Options, View, same_shape, without_options
from mlforge.compiler.ops.shared.integers import input_is_integer
from mlforge.compiler.ops.shared.tables import exp_table, reciprocal_table

_INTEGER_BITS = 5  # of a scaled difference
_MAX_DEPTH = 4095  # the sum of exponentials has 12 integer bits
_TOLERANCE = 0.001  # of an int16 output's scale (micro/kernels/softmax_common.cc)
_WIDE_UNIT = 10.0 / 65535.0  # of a scaled difference of int16


@dataclass(frozen=True, slots=True)
class SoftmaxAttributes(Attributes):
    beta: float = 1.0


def output_is_probability(view: View) -> str:
    """The output's scale and zero point: int8 to int8 1/256, -128; int8 to int16 1/65536, -32768; int16 1/32768, 0."""
    tensor, quantization = view.output, view.output_quantization
    if not tensor.is_constant and not quantization.per_channel:
        unit = {
            (DType.INT8, DType.INT8, -128): 256,
            (DType.INT8, DType.INT16, -32768): 65536,
            (DType.INT16, DType.INT16, 0): 32768,
        }.get((view.input().dtype, tensor.dtype, quantization.zero_point), 0)
        if abs(quantization.scale * unit - 1) <= (0 if unit == 256 else _TOLERANCE):
            return ""
    return (
        f"the output is {tensor} with the scale {quantization.scale:.9g} and the zero point {quantization.zero_point}"
    )


def depth_is_moderate(view: View) -> str:
    """The last dimension is at most 4095."""
    shape = view.input().shape
    return "" if shape and shape[-1] <= _MAX_DEPTH else f"the input is {view.input()}"


def beta_is_sane(view: View) -> str:
    """Beta is finite; times the input's scale, it is above 2^-26 (int16: above 2^-44 and at most 2.5)."""
    beta = view.node.attributes_as(SoftmaxAttributes).beta
    product = beta * view.input_quantization().scale
    narrow = view.input().dtype is DType.INT8
    if isfinite(beta) and (product > 2.0**-26 if narrow else 2.0**-44 < product <= 2.5):
        return ""
    return f"beta is {beta:g} and the input's scale {view.input_quantization().scale:.9g}"


class Softmax(Operator):
    kind = "SOFTMAX"
    options = "SoftmaxOptions"
    inputs = (1, 1)
    constraints = (input_is_integer, same_shape, output_is_probability, depth_is_moderate, beta_is_sane)

    def read(self, options: Options) -> Attributes:
        if options is None:
            raise without_options(self.kind, "beta")
        table = SoftmaxOptions()
        table.Init(options.Bytes, options.Pos)
        return SoftmaxAttributes(float(table.Beta()))

    def lower(self, view: View, isa: Isa) -> Lowered:
        return _from_int8(view) if view.input().dtype is DType.INT8 else _from_int16(view)


def scaled_difference(view: View, beta: float = 1.0) -> Multiplier:
    """From a difference of int8 inputs to Q5.26 (PreprocessSoftmaxScaling in kernels/internal/quantization_util.cc)."""
    factor = beta * view.input_quantization().scale * (1 << (31 - _INTEGER_BITS))
    return quantize_multiplier(min(factor, float(INT32_MAX)))


def difference_fields(view: View, beta: float = 1.0) -> Mapping[str, Field]:
    """The fields of struct mlforge_softmax."""
    multiplier, depth = scaled_difference(view, beta), view.input().shape[-1]
    return {
        "rows": view.input().elements // depth,
        "depth": depth,
        "multiplier": multiplier.value,
        "left_shift": multiplier.exponent,
        "difference_min": -input_radius(_INTEGER_BITS, multiplier.exponent),
    }


def _from_int8(view: View) -> Lowered:
    narrow = view.output.dtype is DType.INT8
    return Lowered(
        kernel="mlforge_softmax_s8" if narrow else "mlforge_softmax_s8_to_s16",
        parameters_type="mlforge_softmax",
        parameters=difference_fields(view, view.node.attributes_as(SoftmaxAttributes).beta),
        inputs=view.node.inputs,
        outputs=view.node.outputs,
        in_place=frozenset(view.node.inputs if narrow else ()),
    )


def _from_int16(view: View) -> Lowered:
    multiplier = _wide_multiplier(view)
    depth = view.input().shape[-1]
    return Lowered(
        kernel="mlforge_softmax_s16",
        parameters_type="mlforge_softmax_s16",
        parameters={
            "rows": view.input().elements // depth,
            "depth": depth,
            "multiplier": multiplier.value,
            "shift": multiplier.shift,
            "exp": Constant("exp", exp_table()),
            "reciprocal": Constant("reciprocal", reciprocal_table()),
        },
        inputs=view.node.inputs,
        outputs=view.node.outputs,
        in_place=frozenset(view.node.inputs),
    )


def _wide_multiplier(view: View) -> Multiplier:
    beta = view.node.attributes_as(SoftmaxAttributes).beta
    return quantize_multiplier(view.input_quantization().scale * beta / _WIDE_UNIT)
