"""CONV_2D for Isa.DSP: three pixels and two channels at a time."""

from __future__ import annotations

from typing import Final

import numpy as np

from mlforge.compiler.ops.by_isa.dsp import QUAD, pad_runs, paired_words, with_dummy_first
from mlforge.compiler.ops.by_isa.dsp_channels import channel_fields
from mlforge.compiler.ops.operator import Constant, Lowered
from mlforge.compiler.ops.shared.convolution import Layer
from mlforge.compiler.ops.shared.window import Window

_NARROW: Final = 8  # input channels of dsp_pointwise_8
_NARROW_CHANNEL_BYTES: Final = 28
_CHANNEL_BYTES: Final = 12  # half a struct mlforge_dsp_pair
_PIXELS: Final = 3  # whose windows are expanded together


def lower_for_dsp(layer: Layer) -> Lowered | None:
    """None where the numbers do not suit the kernel."""
    window, count, inputs = layer.window, layer.outputs, layer.inputs
    if inputs == _NARROW and window.height.is_pointwise and window.width.is_pointwise and count % QUAD == 0:
        return _lower_narrow(layer)
    rows = layer.weights.reshape(count, window.height.kernel, window.width.kernel * inputs)
    channels = layer.channels(pad_runs(rows))
    if not channels.suit_pairs:
        return None
    paired, scales = with_dummy_first(channels), layer.view.input_quantization(1).scales
    if count % 2 and len(scales) > 1:
        scales = (scales[-1], 1.0, *scales[:-1])
    copies = _needs_copies(window, rows.shape[2])
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
            "weights": Constant("weights", paired_words(paired.weights).astype(np.int32)),
            "channels": channel_fields(paired, scales, ratio),
        },
        window.pixels,
        note=str(window),
        # All three windows are copied first; but a last odd channel's dummy writes into the pixel behind them, and
        # where two windows are left, that in front of them is read again.
        overlap=layer.overlap(in_flight=int(count % 2 or window.pixels % _PIXELS == 2)),
        takes_scratch=True,
        scratch_bytes=_scratch_bytes(window, paired.weights.shape, copies),
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


def _needs_copies(window: Window, run: int) -> bool:
    """Whether some row of some window cannot be read where it is: padding, dilation, or part of a word at the end."""
    return window.has_padding or window.width.dilation > 1 or run % QUAD != 0


def _scratch_bytes(window: Window, shape: tuple[int, ...], copies: bool) -> int:
    channels, padded = shape
    run = padded // window.height.kernel
    return _CHANNEL_BYTES * channels + 2 * _PIXELS * padded + ((_PIXELS + 1) * run if copies else 0)
