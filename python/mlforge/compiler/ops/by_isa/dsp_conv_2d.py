"""CONV_2D for Isa.DSP: five pixels against one channel at a time."""

from __future__ import annotations

from dataclasses import replace
from enum import IntEnum
from typing import Final

import numpy as np

from mlforge.compiler.fixed_point import Ints
from mlforge.compiler.ops.by_isa.dsp import QUAD, Channels, as_int32, pad_runs
from mlforge.compiler.ops.by_isa.dsp_channels import channel_fields
from mlforge.compiler.ops.operator import Constant, Lowered
from mlforge.compiler.ops.shared.convolution import Layer
from mlforge.compiler.ops.shared.window import Axis, Window

_CHANNEL_BYTES: Final = 12  # struct mlforge_dsp_sum
_PIXELS: Final = 5  # whose windows are expanded together
_NARROW: Final = 8  # input channels of dsp_pointwise_8
_NARROW_CHANNEL_BYTES: Final = 28
_OFFSET: Final = 129  # of the even values of a window
_LEAST_PICTURE_BYTES: Final = 1024
_PICTURE_SHARE: Final = 4  # of input and output, what a copy of the picture may take


class Copies(IntEnum):
    """MLFORGE_DSP_COPY_NOTHING and its kind."""

    NOTHING = 0
    RUNS = 1
    PICTURE = 2


def lower_for_dsp(layer: Layer) -> Lowered | None:
    """None where the numbers do not suit the kernel."""
    window, count, inputs = layer.window, layer.outputs, layer.inputs
    if inputs == _NARROW and window.height.is_pointwise and window.width.is_pointwise and count % QUAD == 0:
        return _lower_narrow(layer)
    rows = layer.weights.reshape(count, window.height.kernel, window.width.kernel * inputs)
    tails = _has_tails(window, inputs)
    channels = layer.channels(_tails_last(rows) if tails else pad_runs(rows))
    if not channels.suit_pairs:
        return None
    copies = _copies(window, inputs, count)
    low, high = layer.limits
    ratio = layer.view.input_quantization().scale / layer.view.output_quantization.scale
    return layer.call(
        "dsp_conv_2d",
        {
            "window": window.fields(),
            "input_channels": inputs,
            "output_channels": count,
            "zero_point": layer.zero_points[1],
            "input_zero_point": layer.zero_points[0],
            "low": low,
            "high": high,
            "copies": int(copies),
            "tails": int(tails),
            "weights": Constant("weights", quad_words(channels.weights).astype(np.int32)),
            "channels": channel_fields(without_offset(channels), layer.view.input_quantization(1).scales, ratio),
        },
        window.pixels,
        note=str(window),
        overlap=layer.overlap(in_flight=0),  # the windows of pixels are copied before any of them is written
        takes_scratch=True,
        scratch_bytes=_scratch_bytes(window, inputs, channels.weights.shape, copies),
    )


def _lower_narrow(layer: Layer) -> Lowered | None:
    """For pixels of eight channels, which stay in registers while all output channels pass."""
    channels = layer.channels(layer.weights.reshape(layer.outputs, _NARROW))
    if not channels.suit_requantisation:
        return None
    low, high = layer.limits
    ratio = layer.view.input_quantization().scale / layer.view.output_quantization.scale
    return layer.call(
        "dsp_pointwise_8",
        {
            "pixels": layer.window.pixels,
            "output_channels": layer.outputs,
            "zero_point": layer.zero_points[1],
            "low": low,
            "high": high,
            "weights": Constant("weights", channels.weights.astype(np.int8)),
            "channels": channel_fields(channels, layer.view.input_quantization(1).scales, ratio),
        },
        layer.window.pixels,
        note=str(layer.window),
        overlap=layer.overlap(in_flight=0),
        takes_scratch=True,
        scratch_bytes=_NARROW_CHANNEL_BYTES * layer.outputs,
    )


def _has_tails(window: Window, inputs: int) -> bool:
    """Whether the last bytes of all rows of a window are to be a word, as of 3x3 over three colours."""
    run = window.width.kernel * inputs
    return run % QUAD == 1 and run > QUAD and 1 < window.height.kernel <= QUAD


def _tails_last(rows: Ints) -> Ints:
    """[channels, runs, values] to [channels, values]: the last values of all runs come last, filled up to a quad."""
    tails = np.pad(rows[:, :, -1], ((0, 0), (0, QUAD - rows.shape[1])))
    return np.concatenate([rows[:, :, :-1].reshape(len(rows), -1), tails], axis=1)


def quad_words(weights: Ints) -> Ints:
    """[channels, values], of each four w0..w3 the halves 256 w0 - w1 and 256 w2 - w3: int32 [channels, values / 4]."""
    halves = 256 * weights[:, 0::2] - weights[:, 1::2]
    return as_int32((halves[:, 0::2] & 0xFFFF) + (halves[:, 1::2] << 16))


def without_offset(channels: Channels) -> Channels:
    """The same channels, whose sums start so that even values may be `_OFFSET` too large."""
    return replace(channels, bias=channels.bias - _OFFSET * channels.weights[:, 0::2].sum(axis=1))


def _copies(window: Window, inputs: int, outputs: int) -> Copies:
    """A picture with padding is copied where that takes little room; else rows of windows that cannot be read where
    they are, because of padding, dilation, or part of a word at the end."""
    room = max(_LEAST_PICTURE_BYTES, (_pixels_of(window) * inputs + window.pixels * outputs) // _PICTURE_SHARE)
    if window.has_padding and window.width.dilation == 1 and _picture_bytes(window, inputs) <= room:
        return Copies.PICTURE
    run = window.width.kernel * inputs
    return Copies.RUNS if window.has_padding or window.width.dilation > 1 or run % QUAD else Copies.NOTHING


def _pixels_of(window: Window) -> int:
    return window.height.input * window.width.input


def _picture_bytes(window: Window, inputs: int) -> int:
    """Of what the windows cover, and a word that reaches behind it."""
    return _covered(window.height) * _covered(window.width) * inputs + QUAD - 1


def _covered(axis: Axis) -> int:
    return (axis.output - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1


def _scratch_bytes(window: Window, inputs: int, shape: tuple[int, ...], copies: Copies) -> int:
    channels, padded = shape
    run = window.width.kernel * inputs
    run += -run % QUAD
    copied = {Copies.NOTHING: 0, Copies.RUNS: 2 * run, Copies.PICTURE: _picture_bytes(window, inputs)}[copies]
    return _CHANNEL_BYTES * channels + 2 * _PIXELS * padded + copied
