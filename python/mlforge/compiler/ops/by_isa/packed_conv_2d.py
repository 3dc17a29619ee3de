"""CONV_2D for cores without instructions for pairs: four pixels and one channel at a time."""

from __future__ import annotations

from typing import Final

import numpy as np

from mlforge.compiler.fixed_point import activation_range
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.by_isa.dsp import Channels, without_dead
from mlforge.compiler.ops.by_isa.packed import (
    BIAS_OF_BYTES,
    channel_blocks,
    factors,
    padded_to_quads,
    shifts,
    starts,
    suit_requantisation,
)
from mlforge.compiler.ops.operator import Constant, Lowered, View
from mlforge.compiler.ops.shared.overlap import window_overlap
from mlforge.compiler.ops.shared.weights import constant_array, exact_bias, multipliers_of
from mlforge.compiler.ops.shared.window import Pair, Window, WindowAttributes, window_of

_FEWEST_PIXELS: Final = 3
_FEWEST_ELEMENTS: Final = 8
_MAX_ELEMENTS: Final = 32764
_PIXELS: Final = 4  # at a time
_PACKED_BYTES: Final = 8  # two packed values for each element
_STARTS_BYTES: Final = 7  # on Thumb-1, what blocks of 2, 4 and 8 start with, for each element


def lower_packed(view: View, kernel: Pair, isa: Isa) -> Lowered | None:
    """None where the numbers do not suit the kernel."""
    weights = constant_array(view, 1)
    count, inputs = weights.shape[0], weights.shape[3]
    window = window_of(view, kernel).canonical()
    elements = window.taps * inputs
    if window.pixels < _FEWEST_PIXELS or not _FEWEST_ELEMENTS <= elements <= _MAX_ELEMENTS:
        return None
    quantization = view.output_quantization
    activation = view.node.attributes_as(WindowAttributes).activation
    low, high = activation_range(activation, quantization.scale, quantization.zero_point)
    padded = padded_to_quads(weights.reshape(count, -1))
    depth = padded.shape[1]
    bias = exact_bias(view, count, weights.sum(axis=(1, 2, 3)))
    channels = Channels(padded, bias, tuple(multipliers_of(view, count)))
    channels = without_dead(channels, quantization.zero_point, low, high)
    blocks = channel_blocks(channels.weights)
    if blocks is None or not suit_requantisation(channels):
        return None
    thumb1, factor = isa is Isa.THUMB1, factors(channels.multipliers)
    return Lowered(
        kernel="mlforge_thumb1_conv_2d_s8" if thumb1 else "mlforge_packed_conv_2d_s8",
        parameters_type="mlforge_packed_conv_2d",
        parameters={
            "window": window.fields(),
            "input_channels": inputs,
            "output_channels": count,
            "depth": depth,
            "has_padding": int(window.has_padding),
            "input_zero_point": view.input_quantization().zero_point,
            "low": low,
            "high": high,
            "zero_point": quantization.zero_point,
            "weights": Constant("weights", (channels.weights ^ (BIAS_OF_BYTES if thumb1 else 0)).astype(np.int8)),
            "channels": Constant("channels", np.stack([starts(channels.bias, depth, blocks), factor], axis=1)),
            "codes": Constant("codes", (shifts(channels.multipliers) + 32 * (blocks // 4)).astype(np.uint8)),
        },
        inputs=view.node.inputs[:1],
        outputs=view.node.outputs,
        macs=window.pixels * weights.size,
        note=str(window),
        overlap=window_overlap(view.node.inputs[0], window, inputs, count, in_flight=0),
        takes_scratch=True,
        scratch_bytes=_scratch_bytes(window, inputs, depth, thumb1),
    )


def _scratch_bytes(window: Window, inputs: int, depth: int, thumb1: bool) -> int:
    for_each = _PACKED_BYTES + (_STARTS_BYTES if thumb1 else 0)
    return for_each * depth + (_PIXELS + 1) * window.width.kernel * inputs
