"""Operators that exist for int8 and for int16 activations. Those of int16 have the zero point 0."""

from __future__ import annotations

from typing import Final

from mlforge.compiler.fixed_point import INT8_MAX, INT8_MIN, Activation, activation_range
from mlforge.compiler.graph import DType, Tensor
from mlforge.compiler.ops.operator import View

LIMITS: Final = {DType.INT8: (INT8_MIN, INT8_MAX), DType.INT16: (-(1 << 15), (1 << 15) - 1)}
SUFFIXES: Final = {DType.INT8: "s8", DType.INT16: "s16"}  # of kernels


def input_is_integer(view: View) -> str:
    """The input is an int8 or int16 activation, quantised per tensor; int16 with the zero point 0."""
    tensor = view.input()
    return f'tensor "{tensor.name}" is constant' if tensor.is_constant else not_an_integer(tensor)


def output_is_alike(view: View) -> str:
    """The output is an activation of the input's type, quantised per tensor; int16 with the zero point 0."""
    tensor = view.output
    if tensor.is_constant or tensor.dtype is not view.input().dtype:
        return f'tensor "{tensor.name}" is {"constant " if tensor.is_constant else ""}{tensor.dtype}'
    return not_an_integer(tensor)


def not_an_integer(tensor: Tensor) -> str:
    """What keeps a tensor from being int8 or int16 as here."""
    if tensor.dtype not in LIMITS:
        return f'tensor "{tensor.name}" is {tensor.dtype}'
    quantization = tensor.quantization
    if quantization is None:
        return f'tensor "{tensor.name}" has no quantisation'
    if quantization.per_channel:
        return f'tensor "{tensor.name}" has {len(quantization.scales)} scales'
    if quantization.scale == 0:
        return f'tensor "{tensor.name}" has the scale 0'
    if tensor.dtype is DType.INT16 and quantization.zero_point != 0:
        return f'tensor "{tensor.name}" has the zero point {quantization.zero_point}'
    return ""


def is_plain_int32(tensor: Tensor) -> bool:
    """Whether it counts, rather than stands for reals."""
    return tensor.dtype is DType.INT32 and tensor.quantization is None


def is_int8(view: View) -> bool:
    """Whether it is about int8."""
    return view.output.dtype is DType.INT8


def limits_of(view: View, activation: Activation = Activation.NONE) -> tuple[int, int]:
    """Smallest and largest result with a fused activation."""
    quantization = view.output_quantization
    low, high = LIMITS[view.output.dtype]
    return activation_range(activation, quantization.scale, quantization.zero_point, low, high)
