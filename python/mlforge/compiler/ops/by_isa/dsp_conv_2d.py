"""CONV_2D for Isa.DSP: three pixels and two channels at a time."""

from __future__ import annotations

import numpy as np

from mlforge.compiler.fixed_point import activation_range
from mlforge.compiler.ops.by_isa.dsp import (
    QUAD,
    Channels,
    pad_runs,
    paired_words,
    with_dummy_first,
    without_dead,
)
from mlforge.compiler.ops.by_isa.dsp_channels import channel_fields
from mlforge.compiler.ops.operator import Constant, Lowered, View
from mlforge.compiler.ops.shared.overlap import window_overlap
from mlforge.compiler.ops.shared.weights import constant_array, exact_bias, multipliers_of
from mlforge.compiler.ops.shared.window import Pair, Window, WindowAttributes, window_of

_CHANNEL_BYTES = 12  # half a struct mlforge_dsp_pair
_PIXELS = 3  # whose windows are expanded together


def lower_for_dsp(view: View, kernel: Pair) -> Lowered | None:
    """None where the numbers do not suit the kernel."""
    weights = constant_array(view, 1)
    count, inputs = weights.shape[0], weights.shape[3]
    window = window_of(view, kernel).canonical()
    rows = weights.reshape(count, window.height.kernel, window.width.kernel * inputs)
    bias = exact_bias(view, count, weights.sum(axis=(1, 2, 3)))
    quantization = view.output_quantization
    activation = view.node.attributes_as(WindowAttributes).activation
    low, high = activation_range(activation, quantization.scale, quantization.zero_point)
    channels = Channels(pad_runs(rows), bias, tuple(multipliers_of(view, count)))
    channels = without_dead(channels, quantization.zero_point, low, high)
    if not channels.suit_pairs:
        return None
    paired, scales = with_dummy_first(channels), view.input_quantization(1).scales
    if count % 2 and len(scales) > 1:
        scales = (scales[-1], 1.0, *scales[:-1])
    copies = _needs_copies(window, rows.shape[2])
    return Lowered(
        kernel="mlforge_dsp_conv_2d_s8",
        parameters_type="mlforge_dsp_conv_2d",
        parameters={
            "window": window.fields(),
            "input_channels": inputs,
            "output_channels": count,
            "zero_point": quantization.zero_point,
            "input_zero_point": view.input_quantization().zero_point,
            "low": low,
            "high": high,
            "copies": int(copies),
            "weights": Constant("weights", paired_words(paired.weights).astype(np.int32)),
            "channels": channel_fields(paired, scales, view.input_quantization().scale / quantization.scale),
        },
        inputs=view.node.inputs[:1],
        outputs=view.node.outputs,
        macs=window.pixels * weights.size,
        note=str(window),
        # All three windows are copied first; but a last odd channel's dummy writes into the pixel behind them.
        overlap=window_overlap(view.node.inputs[0], window, inputs, count, in_flight=count % 2),
        takes_scratch=True,
        scratch_bytes=_scratch_bytes(window, paired.weights.shape, copies),
    )


def _needs_copies(window: Window, run: int) -> bool:
    """Whether some row of some window cannot be read where it is: padding, dilation, or part of a word at the end."""
    return window.has_padding or window.width.dilation > 1 or run % QUAD != 0


def _scratch_bytes(window: Window, shape: tuple[int, ...], copies: bool) -> int:
    channels, padded = shape
    run = padded // window.height.kernel
    return _CHANNEL_BYTES * channels + 2 * _PIXELS * padded + ((_PIXELS + 1) * run if copies else 0)
