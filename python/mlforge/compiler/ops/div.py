"""DIV: by the reciprocal of the divisor, which Newton and Raphson approximate."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from tflite.DivOptions import DivOptions

from mlforge.compiler.fixed_point import (
    Ints,
    Multiplier,
    divide_by_power,
    multiply_high,
    quantize_multiplier,
    reciprocal_of_one_plus,
)
from mlforge.compiler.graph import Attributes, DType
from mlforge.compiler.ops.operator import Field, Options, View, output_stage, read_activation
from mlforge.compiler.ops.shared.arithmetic import Arithmetic
from mlforge.compiler.ops.shared.integers import is_plain_int32
from mlforge.compiler.ops.shared.scaled_pair import ArithmeticAttributes, result_range

_MAX_EXPONENT = 23  # the smallest headroom of a dividend


def input_is_int8_or_int32(view: View) -> str:
    """The inputs are int8, or int32 without a scale."""
    accepted = view.input().dtype is DType.INT8 or is_plain_int32(view.input())
    return "" if accepted else f"the first input is {view.input()}"


def ratio_is_moderate(view: View) -> str:
    """Of int8: the first input's scale, divided by the second's and the output's, is below 2^23."""
    if is_plain_int32(view.input()):
        return ""
    return "" if _multiplier(view).exponent <= _MAX_EXPONENT else "the scales are too far apart"


def _multiplier(view: View) -> Multiplier:
    """In doubles (CalculateOpDataDiv in micro/kernels/div.cc)."""
    a, b, result = (q.scale for q in (view.input_quantization(0), view.input_quantization(1), view.output_quantization))
    return quantize_multiplier(a / (b * result))


class Div(Arithmetic):
    kind = "DIV"
    name = "div"
    options = "DivOptions"
    constraints = (input_is_int8_or_int32, *Arithmetic.constraints, ratio_is_moderate)
    kernel = "mlforge_div"
    parameters_type = "mlforge_product"

    def read(self, options: Options) -> Attributes:
        if options is None:
            return ArithmeticAttributes()
        table = DivOptions()
        table.Init(options.Bytes, options.Pos)
        return ArithmeticAttributes(read_activation(self.kind, table.FusedActivationFunction()))

    def results(self, view: View, a: Ints, b: Ints) -> Ints:
        a, b = np.broadcast_arrays(a - view.input_quantization(0).zero_point, b - view.input_quantization(1).zero_point)
        low, high = result_range(view)
        zero_point = view.output_quantization.zero_point
        quotients = [_quotient(int(x), int(y), _multiplier(view)) for x, y in zip(a, b, strict=True)]
        return np.clip(np.array(quotients, np.int64) + zero_point, low, high)

    def parameters(self, view: View) -> Mapping[str, Field]:
        low, high = result_range(view)
        multiplier = _multiplier(view)
        return {
            "zero_point_1": view.input_quantization(0).zero_point,
            "zero_point_2": view.input_quantization(1).zero_point,
            "shift": multiplier.shift,
            "stage": output_stage(low, high, view.output_quantization.zero_point),
            "multiplier": multiplier.value,
        }


def _quotient(a: int, b: int, multiplier: Multiplier) -> int:
    """As runtime/kernels/elementwise/div.c has it (DivElementwise in kernels/internal/reference/div.h)."""
    if b == 0:
        return (a > 0) - (a < 0) << 30
    if b < 0:
        a, b = -a, -b
    zeros = 32 - b.bit_length()
    inverse = int(reciprocal_of_one_plus(np.array((b << zeros) - (1 << 31))))
    headroom = 31 - (a if a >= 0 else ~a).bit_length()
    unscaled = multiply_high(np.array(a << headroom), inverse)
    scaled = int(multiply_high(unscaled, multiplier.value))
    right = 31 - zeros + headroom - multiplier.exponent
    if right > 31:
        return -1 if scaled < 0 else 1
    return int(divide_by_power(np.array(scaled), right))
