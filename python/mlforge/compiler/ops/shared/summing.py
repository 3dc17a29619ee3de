"""CUMSUM and ADD_N: sums of int8 with 19 fraction bits, and how they become results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mlforge.compiler.fixed_point import INT8_MAX, INT8_MIN, quantize_multiplier
from mlforge.compiler.ops.operator import Field, View, output_stage, stage_shift

_BITS: Final = 20  # in front of an input, which is then halved (micro/kernels/cumsum.cc and add_n.cc)


def output_scale_is_sane(view: View) -> str:
    """The output's scale is above a 524288th of the input's."""
    factor = _factor(view)
    return "" if 0 < factor < 1 else f"the output's scale is {view.output_quantization.scale:.9g}"


def _factor(view: View) -> float:
    return 2 * view.input_quantization().scale / ((1 << _BITS) * view.output_quantization.scale)


def sum_stage(view: View) -> Mapping[str, Field]:
    """The fields that struct mlforge_cumsum and struct mlforge_add_n end with."""
    multiplier = quantize_multiplier(_factor(view))
    return {
        "shift": stage_shift(multiplier, INT8_MIN, INT8_MAX),
        "zero_point": view.input_quantization().zero_point,
        "stage": output_stage(INT8_MIN, INT8_MAX, view.output_quantization.zero_point),
        "multiplier": multiplier.value,
    }
