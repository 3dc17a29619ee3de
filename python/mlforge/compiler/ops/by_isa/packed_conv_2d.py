"""CONV_2D for cores without instructions for pairs: four pixels and one channel at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.by_isa.packed import (
    BIAS_OF_BYTES,
    channel_blocks,
    factors,
    padded_to_quads,
    shifts,
    starts,
    suit_requantisation,
)
from mlforge.compiler.ops.operator import Constant, Lowered
from mlforge.compiler.ops.shared.convolution import Layer
from mlforge.compiler.ops.shared.window import Window

_FEWEST_PIXELS: Final = 3
_FEWEST_ELEMENTS: Final = 8
_MAX_ELEMENTS: Final = 32764
_PIXELS: Final = 4  # at a time
_PACKED_BYTES: Final = 8  # two packed values for each element
_STARTS_BYTES: Final = 7  # on Thumb-1, what blocks of 2, 4 and 8 start with, for each element


def lower_packed(layer: Layer, isa: Isa) -> Lowered | None:
    """None where the numbers do not suit the kernel."""
    window, count, inputs = layer.window, layer.outputs, layer.inputs
    elements = window.taps * inputs
    if window.pixels < _FEWEST_PIXELS or not _FEWEST_ELEMENTS <= elements <= _MAX_ELEMENTS:
        return None
    padded = padded_to_quads(layer.weights.reshape(count, -1))
    depth, channels = padded.shape[1], layer.channels(padded)
    blocks = channel_blocks(channels.weights)
    if blocks is None or not suit_requantisation(channels):
        return None
    thumb1, factor = isa is Isa.THUMB1, factors(channels.multipliers)
    low, high = layer.limits
    call = layer.call(
        "packed_conv_2d",
        {
            "window": window.fields(),
            "input_channels": inputs,
            "output_channels": count,
            "depth": depth,
            "has_padding": int(window.has_padding),
            "input_zero_point": layer.zero_points[0],
            "low": low,
            "high": high,
            "zero_point": layer.zero_points[1],
            "weights": Constant("weights", (channels.weights ^ (BIAS_OF_BYTES if thumb1 else 0)).astype(np.int8)),
            "channels": Constant("channels", np.stack([starts(channels.bias, depth, blocks), factor], axis=1)),
            "codes": Constant("codes", (shifts(channels.multipliers) + 32 * (blocks // 4)).astype(np.uint8)),
        },
        window.pixels,
        note=str(window),
        overlap=layer.overlap(in_flight=0),
        takes_scratch=True,
        scratch_bytes=_scratch_bytes(window, inputs, depth, thumb1),
    )
    return replace(call, kernel="mlforge_thumb1_conv_2d_s8") if thumb1 else call


def _scratch_bytes(window: Window, inputs: int, depth: int, thumb1: bool) -> int:
    for_each = _PACKED_BYTES + (_STARTS_BYTES if thumb1 else 0)
    return for_each * depth + (_PIXELS + 1) * window.width.kernel * inputs
