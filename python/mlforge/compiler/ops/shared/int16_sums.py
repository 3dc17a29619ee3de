"""CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED of int16 activations with int8 weights.

The reference has two kinds of accumulators (reference/integer_ops/{conv,depthwise_conv,fully_connected}.h, and
MultiplyByQuantizedMultiplier for int64 in kernels/internal/common.cc): 64 bits, with a multiplier of 15 bits and one
rounding; and, with a bias of int32 (or none, where the options say that it would be one), 32 bits as for int8. There is
no zero point but 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tflite.TensorType import TensorType

from mlforge.compiler.fixed_point import Activation, Multiplier
from mlforge.compiler.graph import DType
from mlforge.compiler.ops.operator import Constant, Field, Lowered, View
from mlforge.compiler.ops.shared.integers import is_int8, limits_of
from mlforge.compiler.ops.shared.overlap import window_overlap
from mlforge.compiler.ops.shared.weights import constant_array
from mlforge.compiler.ops.shared.window import Axis, Window

_INT16_BYTES = 2
_LARGEST = 1 << 15  # magnitude of an activation
ACCUMULATOR_BITS: Final = 47  # and a sign; what the reference asserts
MAX_EXPONENT: Final = 7


def bias_fits(view: View) -> str:
    """The bias, if any, is constant int32 (int16 activations: int32 or int64) with one value per output channel."""
    return _bias_mismatch(view, (DType.INT32, DType.INT64))


def bias_of_depthwise_fits(view: View) -> str:
    """The bias, where there is one, is constant int32 (int16 activations: int64) with one value per output channel."""
    return _bias_mismatch(view, (DType.INT64,))


def is_wide(view: View, missing: DType | None, bias: int = 2) -> bool:
    """Whether accumulators have 64 bits; `missing` is what the options say of a bias that is not at input `bias`."""
    return (view.input(bias).dtype if view.has_input(bias) else missing) is not DType.INT32


def read_bias_type(code: int) -> DType | None:
    """What the field quantized_bias_type says, which matters where there is no bias."""
    return DType.INT32 if code == TensorType.INT32 else None


def _bias_mismatch(view: View, wide: tuple[DType, ...]) -> str:
    if not view.has_input(2):
        return ""
    tensor = view.input(2)
    accepted = (DType.INT32,) if is_int8(view) else wide
    if not tensor.is_constant or tensor.dtype not in accepted:
        return f'the bias "{tensor.name}" is {"" if tensor.is_constant else "not constant "}{tensor}'
    channels = view.output.shape[-1] if view.output.shape else 0
    return "" if tensor.shape == (channels,) else f'the bias "{tensor.name}" is {tensor} for {channels} channels'


def sums_are_moderate(view: View) -> str:
    """For int16, sums of 64 bits stay below 2^47, and the scales of input and weights below 128 times the output's."""
    axis = 3 if view.kind == "DEPTHWISE_CONV_2D" else 0
    return "" if is_int8(view) else sums_mismatch(view, source=0, bias=2, axis=axis)


def sums_mismatch(view: View, source: int, bias: int, axis: int) -> str:
    """What is wrong with the size of sums; `axis` is that of the output channels, the rest are positions of inputs."""
    weights = constant_array(view, 1)
    largest = np.abs(weights).sum(axis=tuple(i for i in range(weights.ndim) if i != axis)) * _LARGEST
    if view.has_input(bias):
        added = constant_array(view, bias)
        if max(int(added.max()), -int(added.min())) >= 1 << ACCUMULATOR_BITS:
            return f"the bias goes from {added.min()} to {added.max()}"
        largest = largest + np.abs(added)
    if largest.max() >= 1 << ACCUMULATOR_BITS:
        return f"a sum may reach {largest.max()}"
    scale = max(view.input_quantization(1).scales) * view.input_quantization(source).scale
    if scale >= view.output_quantization.scale * (1 << MAX_EXPONENT) * (1 - 2**-20):
        return f"the scales are {scale:.9g} and {view.output_quantization.scale:.9g}"
    return ""


def lower_fully_connected(
    view: View, multipliers: list[Multiplier], activation: Activation, bias: DType | None
) -> Lowered:
    """`multipliers` has one for all outputs, or one for each; `bias` is the type of one that may be missing."""
    weights = constant_array(view, 1)
    outputs, inputs = weights.shape
    rows = view.input().elements // inputs
    window = Window(Axis(1, 1, 1, 1, 1, 0), Axis(rows, rows, 1, 1, 1, 0))
    return Lowered(
        kernel="mlforge_fully_connected_s16",
        parameters_type="mlforge_fully_connected_s16",
        parameters={
            "rows": rows,
            "inputs": inputs,
            "outputs": outputs,
            "weights": Constant("weights", weights.astype(np.int8)),
            "channels": channels_of(view, multipliers, activation, is_wide(view, bias)),
        },
        inputs=view.node.inputs[:1],
        outputs=view.node.outputs,
        macs=rows * weights.size,
        overlap=window_overlap(view.node.inputs[0], window, inputs * _INT16_BYTES, outputs * _INT16_BYTES),
    )


def channels_of(
    view: View, multipliers: list[Multiplier], activation: Activation, wide: bool, bias: int = 2
) -> Mapping[str, Field]:
    """The fields of struct mlforge_channels_s16. `bias` is the position of the input."""
    low, high = limits_of(view, activation)
    if len(set(multipliers)) == 1:
        multipliers = multipliers[:1]
    steps = [wide_step(multiplier) if wide else (multiplier.value, multiplier.shift) for multiplier in multipliers]
    fields: dict[str, Field] = {
        "low": low,
        "high": high,
        "wide": int(wide),
        "step": int(len(multipliers) > 1),
        "multiplier": Constant("multiplier", np.array([value for value, _ in steps], np.int32)),
        "shift": Constant("shift", np.array([shift for _, shift in steps], np.int8)),
    }
    if view.has_input(bias):
        fields |= _bias(constant_array(view, bias))
    return fields


def wide_step(multiplier: Multiplier) -> tuple[int, int]:
    """The multiplier in 15 bits, and the shift to the right that goes with it."""
    rounded = (multiplier.value + (1 << 15)) >> 16 if multiplier.value < 0x7FFF0000 else 0x7FFF
    return rounded, 15 - multiplier.exponent


def _bias(bias: NDArray[np.int64]) -> Mapping[str, Field]:
    if not bias.any():
        return {}
    if np.array_equal(bias, bias.astype(np.int32)):
        return {"bias": Constant("bias", bias.astype(np.int32))}
    return {"wide_bias": Constant("bias", bias)}
