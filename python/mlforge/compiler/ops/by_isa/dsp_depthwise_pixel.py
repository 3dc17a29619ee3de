"""DEPTHWISE_CONV_2D with few outputs for Isa.DSP: pixel by pixel, where planes would be made and hardly used.

A hop of a stream is such a layer: one new column of a picture, or of a signal one sample.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from mlforge.compiler.fixed_point import Ints
from mlforge.compiler.ops.by_isa.dsp import Channels, as_int32, factor_and_power
from mlforge.compiler.ops.operator import Constant, Lowered
from mlforge.compiler.ops.shared.convolution import Layer
from mlforge.compiler.ops.shared.window import Window

_GROUP: Final = 4  # channels
_CALL_COST: Final = 150
_PIXEL_COST: Final = 45
_TAP_COST: Final = 14  # to list it
_GROUP_COST: Final = 50
_PAIR_COST: Final = 23  # of taps, for a group


def cost(window: Window, channels: int) -> int:
    """Instructions, roughly."""
    pairs, groups = -(-window.taps // 2), -(-channels // _GROUP)
    pixel = _PIXEL_COST + _TAP_COST * window.taps + groups * (_GROUP_COST + _PAIR_COST * pairs)
    return _CALL_COST + window.pixels * pixel


def lower_pixel(layer: Layer, channels: Channels | None) -> Lowered | None:
    """None for fewer than four channels. `channels` are such that requantisation is exact; None where none are."""
    window, count = layer.window, layer.outputs
    if channels is None or count < _GROUP:
        return None
    low, high = layer.limits
    factors = np.array([factor_and_power(multiplier) for multiplier in channels.multipliers], np.int64)
    order = _groups(count)
    list_bytes = 4 * (window.taps + window.taps % 2)
    return layer.call(
        "dsp_depthwise_pixel",
        {
            "window": window.fields(),
            "channels": count,
            "has_padding": int(window.has_padding),
            "input_zero_point": layer.zero_points[0],
            "zero_point": layer.zero_points[1],
            "low": low,
            "high": high,
            "weights": Constant("weights", _words(channels.weights[order]).astype(np.int32)),
            "sums": Constant("sums", channels.bias[order].astype(np.int32)),
            "factors": Constant("factors", factors[order].astype(np.int32)),
        },
        window.pixels,
        note=f"{window}, pixel by pixel",
        overlap=layer.overlap(in_flight=1),
        takes_scratch=True,
        scratch_bytes=list_bytes + (count if window.has_padding else 0),
    )


def _groups(count: int) -> Ints:
    """The channels of each group of four, int64[groups * 4]; the last four may overlap those before them."""
    firsts = np.minimum(np.arange(0, count, _GROUP), count - _GROUP)
    channels: Ints = (firsts[:, np.newaxis] + np.arange(_GROUP)).reshape(-1)
    return channels


def _words(weights: Ints) -> Ints:
    """[channels of groups, taps] to int32 words [groups, pairs of taps, 2]; the bytes of a word are two channels' first
    taps, then their second ones."""
    padded = np.pad(weights, ((0, 0), (0, weights.shape[1] % 2))) & 0xFF
    by_word = padded.reshape(-1, 2, 2, padded.shape[1] // 2, 2)  # group, half of it, channel, pair, tap
    c0_t0, c0_t1 = by_word[:, :, 0, :, 0], by_word[:, :, 0, :, 1]
    c1_t0, c1_t1 = by_word[:, :, 1, :, 0], by_word[:, :, 1, :, 1]
    words = c0_t0 + (c1_t0 << 8) + (c0_t1 << 16) + (c1_t1 << 24)
    return as_int32(words.transpose(0, 2, 1)).reshape(-1)
