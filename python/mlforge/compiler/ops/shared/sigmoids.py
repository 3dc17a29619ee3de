"""What LOGISTIC and TANH have in common: a fixed-point function of a scaled input, saturated beyond a radius.

For int16, a kernel interpolates in a table; for int8, all results are worked out here.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from math import log2
from typing import ClassVar

import numpy as np

from mlforge.compiler.fixed_point import (
    INT8_MAX,
    INT8_MIN,
    Ints,
    apply_multiplier,
    divide_by_power,
    input_radius,
    quantize_multiplier,
    round_half_away,
)
from mlforge.compiler.graph import Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Constant, Constraint, Lowered, Operator, Options, View, same_shape
from mlforge.compiler.ops.shared.elementwise import ALL_VALUES, ElementwiseAttributes, lookup
from mlforge.compiler.ops.shared.integers import input_is_integer, is_int8, output_is_alike
from mlforge.compiler.ops.shared.tables import logistic_table

_INTEGER_BITS = 4  # of the scaled input
_LOG_TOLERANCE = 1e-3  # CheckedLog2 in kernels/internal/quantization_util.cc
_WIDE_RANGE = (2.0**-22, 2.5)  # of the scale of int16: keeps the scaled input within 32 bits


def scale_is_moderate(view: View) -> str:
    """The input's scale is between 2^-27 and 16 (int16: 2^-22 and 2.5)."""
    low, high = (2.0**-27, 16) if is_int8(view) else _WIDE_RANGE
    scale = view.input_quantization().scale
    return "" if low <= scale <= high else f"the input's scale is {scale:.9g}"


class Sigmoid(Operator):
    """A subclass says which function."""

    inputs = (1, 1)
    constraints: ClassVar[tuple[Constraint, ...]] = (input_is_integer, output_is_alike, same_shape)
    shifts: ClassVar[tuple[int, ...]]  # of int16 with scales of 2^(shift - 12), which are multiplied by 3 alone

    @abstractmethod
    def results(self, view: View, values: Ints) -> Ints:
        """The results for int8 `values`."""

    def read(self, options: Options) -> Attributes:
        return ElementwiseAttributes()

    def lower(self, view: View, isa: Isa) -> Lowered:
        if is_int8(view):
            return lookup(view, view.node.inputs[0], self.results(view, ALL_VALUES))
        multiplier, shift = self._wide_multiplier(view.input_quantization().scale)
        return Lowered(
            kernel="mlforge_sigmoid_s16",
            parameters_type="mlforge_sigmoid",
            parameters={
                "count": view.output.elements,
                "multiplier": multiplier,
                "shift": shift,
                "is_tanh": int(self.kind == "TANH"),
                "table": Constant("table", logistic_table()),
            },
            inputs=view.node.inputs,
            outputs=view.node.outputs,
            in_place=frozenset(view.node.inputs),
        )

    def _wide_multiplier(self, scale: float) -> tuple[int, int]:
        """CalculateArithmeticOpDataLogistic in micro/kernels/logistic_common.cc, and its like in tanh.cc."""
        power = _power_of_two(scale)
        if power is not None and 12 + power in self.shifts:
            return 3 << (12 + power), 0
        multiplier, shift = scale * 4096 * 3, 0
        while multiplier <= 32767 / 2 and shift <= 30:
            multiplier, shift = multiplier * 2, shift + 1
        return int(multiplier), shift


def output_fits(view: View, narrow: tuple[float, int], wide_power: int = -15) -> str:
    """What is wrong with the output's quantisation: scale and zero point for int8, the power of two for int16."""
    quantization = view.output_quantization
    found = (quantization.scale, quantization.zero_point)
    if found == narrow if is_int8(view) else _power_of_two(quantization.scale) == wide_power:
        return ""
    return f"the output has the scale {found[0]:.9g} and the zero point {found[1]}"


def _power_of_two(scale: float) -> int | None:
    """The exponent of a scale that is a power of two, as nearly as the reference wants it."""
    exact = log2(scale)
    rounded = round_half_away(exact)
    return rounded if abs(exact - rounded) < _LOG_TOLERANCE else None


def saturating(view: View, values: Ints, function: Callable[[Ints, int], Ints], bits: int, zero_point: int) -> Ints:
    """`function` (from Q4.27 to Q0.31) with `bits` fraction bits kept, plus `zero_point`."""
    source = view.input_quantization()
    multiplier = quantize_multiplier(source.scale * (1 << (31 - _INTEGER_BITS)))
    radius = input_radius(_INTEGER_BITS, multiplier.exponent)
    centred = values - source.zero_point
    inside = np.clip(centred, -radius, radius)
    result = divide_by_power(function(apply_multiplier(inside, multiplier), _INTEGER_BITS), 31 - bits) + zero_point
    result = np.clip(result, INT8_MIN, INT8_MAX)
    return np.where(centred <= -radius, INT8_MIN, np.where(centred >= radius, INT8_MAX, result))
