"""Weights and biases: what CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED have in common."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.fixed_point import Multiplier, quantize_multiplier
from mlforge.compiler.graph import DType
from mlforge.compiler.ops.operator import Constant, View, stage_shift

_LARGEST_INPUT = 255  # less its zero point


def weights_are_int8(view: View) -> str:
    """The weights are constant int8 with zero point 0."""
    tensor = view.input(1)
    if not tensor.is_constant:
        return f'the weights "{tensor.name}" are not constant'
    if tensor.dtype is not DType.INT8:
        return f'the weights "{tensor.name}" are {tensor.dtype}'
    if tensor.quantization is None or any(tensor.quantization.zero_points):
        return f'the weights "{tensor.name}" have no quantisation, or a zero point other than 0'
    return ""


def products_fit(view: View) -> str:
    """The sum of the products that the weights allow stays below 2^31 for int8."""
    weights, axis = constant_array(view, 1), 3 if view.kind == "DEPTHWISE_CONV_2D" else 0
    others = tuple(i for i in range(weights.ndim) if i != axis)
    largest = int(np.abs(weights).sum(axis=others).max()) * _LARGEST_INPUT
    return f"it may reach {largest}" if view.output.dtype is DType.INT8 and largest >= 1 << 31 else ""


def per_channel_along(view: View, axis: int) -> str:
    """What is wrong with the axis along which the weights' scales run."""
    quantization = view.input(1).quantization
    if quantization is None or not quantization.per_channel or quantization.axis == axis:
        return ""
    return f"the weights have scales along axis {quantization.axis}, not {axis}"


def constant_array(view: View, position: int) -> NDArray[np.int64]:
    """The constant input at `position`, widened."""
    return np.asarray(view.input(position).data, dtype=np.int64)


def folded_bias(view: View, channels: int, weight_sums: NDArray[np.int64]) -> Constant:
    """bias - input_zero_point * sum(weights), modulo 2^32, int32[channels]. `weight_sums` is int64[channels]."""
    return Constant("bias", exact_bias(view, channels, weight_sums).astype(np.uint32).astype(np.int32))


def exact_bias(view: View, channels: int, weight_sums: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same without overflow."""
    bias = constant_array(view, 2) if view.has_input(2) else np.zeros(channels, np.int64)
    return bias - view.input_quantization().zero_point * weight_sums


def multipliers_of(view: View, channels: int, source: int = 0) -> list[Multiplier]:
    """input scale * weight scale / output scale for each channel, in doubles. `source` is the position of the input."""
    scales = view.input_quantization(1).scales
    factor = view.input_quantization(source).scale
    multipliers = [quantize_multiplier(factor * scale / view.output_quantization.scale) for scale in scales]
    return multipliers * channels if len(multipliers) == 1 else multipliers


def channel_multipliers(view: View, channels: int, low: int, high: int, source: int = 0) -> tuple[Constant, Constant]:
    """The tables `multiplier` and `shift` for multipliers_of. Results are clamped to `low` and `high`."""
    return _tables(multipliers_of(view, channels, source), low, high)


def _tables(multipliers: list[Multiplier], low: int, high: int) -> tuple[Constant, Constant]:
    values = np.array([multiplier.value for multiplier in multipliers], np.int32)
    shifts = np.array([stage_shift(multiplier, low, high) for multiplier in multipliers], np.int8)
    return Constant("multiplier", values), Constant("shift", shifts)
