"""DEPTHWISE_CONV_2D of 3x3 for cores without instructions for pairs: two outputs of one channel at a time.

A band of rows of a channel lies in scratch as words of two elements; the longer axis is the one that is walked along.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from mlforge.compiler.ops.by_isa.packed import factors, fits_int16, shifts, starts_of, suit_requantisation
from mlforge.compiler.ops.operator import Constant, Lowered
from mlforge.compiler.ops.shared.convolution import Layer
from mlforge.compiler.ops.shared.window import Window

_TAPS: Final = 3  # along each axis
_FEWEST_PIXELS: Final = 16  # with which it is faster than the generic kernel
_MOST_BYTES: Final = 16 * 1024  # of output: larger ones decide the arena, and the generic kernel overlaps its input
_WORD_BYTES: Final = 4
_SPLIT: Final = 32  # the code of channels whose rows of the kernel are two blocks
_WHOLE_BLOCKS: Final = 3
_SPLIT_BLOCKS: Final = 6
_LEAST_BUDGET_BYTES: Final = 1024
_BUDGET_SHARE: Final = 16  # of input and output, what a band may take unless a single row needs more


def lower_packed_depthwise(layer: Layer) -> Lowered | None:
    """None for other windows, and where the numbers do not suit the kernel."""
    window, count, is_transposed = layer.window, layer.outputs, False
    if window.height.output > window.width.output:
        window, is_transposed = Window(window.width, window.height), True
    if not _suits(window) or window.pixels * count > _MOST_BYTES:
        return None
    channels = layer.channels(layer.weights.reshape(-1, count).T)
    by_rows = channels.weights.reshape(count, _TAPS, _TAPS)
    if is_transposed:
        by_rows = by_rows.transpose(0, 2, 1)
    splits = ~fits_int16(by_rows).all(axis=1)
    if not suit_requantisation(channels) or not fits_int16(by_rows[splits, :, :2]).all():
        return None
    start = starts_of(channels.bias, np.where(splits, _SPLIT_BLOCKS, _WHOLE_BLOCKS))
    band_rows = _band_rows(window, count)
    low, high = layer.limits
    return layer.call(
        "packed_depthwise_3x3",
        {
            "window": window.fields(),
            "channels": count,
            "band_rows": band_rows,
            "is_transposed": int(is_transposed),
            "input_zero_point": layer.zero_points[0],
            "low": low,
            "high": high,
            "zero_point": layer.zero_points[1],
            "weights": Constant("weights", by_rows.reshape(count, -1).astype(np.int8)),
            "starts": Constant("starts", np.stack([start, factors(channels.multipliers)], axis=1)),
            "codes": Constant("codes", (shifts(channels.multipliers) + _SPLIT * splits).astype(np.uint8)),
        },
        window.pixels,
        note=str(layer.window),
        takes_scratch=True,
        scratch_bytes=_band_bytes(window, band_rows),
        in_place=frozenset({layer.source}),
    )


def _suits(window: Window) -> bool:
    """Whether the output can take the place of the input, which a kernel that goes channel by channel needs, lest it
    take more memory than one that goes pixel by pixel."""
    axes = (window.height, window.width)
    is_3x3 = all(axis.kernel == _TAPS and axis.dilation == axis.stride == 1 for axis in axes)
    return is_3x3 and all(axis.input == axis.output for axis in axes) and window.pixels >= _FEWEST_PIXELS


def _band_rows(window: Window, channels: int) -> int:
    """As many as a moderate amount of scratch has room for."""
    pixels = window.height.input * window.width.input + window.pixels
    budget = max(_LEAST_BUDGET_BYTES, pixels * channels // _BUDGET_SHARE)
    fitting = [band for band in range(1, window.height.output + 1) if _band_bytes(window, band) <= budget]
    return max(fitting, default=1)


def _band_bytes(window: Window, band_rows: int) -> int:
    columns = window.width.output
    return _WORD_BYTES * (columns + columns % 2 + 1) * (band_rows + _TAPS - 1)
