"""FULLY_CONNECTED, and CONV_2D with few windows, for Isa.DSP: four outputs at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from mlforge.compiler.fixed_point import Ints, Multiplier
from mlforge.compiler.ops.by_isa.dsp import (
    Channels,
    factor_and_power,
    pad_runs,
    paired_sums,
    paired_words,
    without_dead,
)
from mlforge.compiler.ops.operator import Constant, Field, Lowered, View
from mlforge.compiler.ops.shared.convolution import Layer
from mlforge.compiler.ops.shared.overlap import window_overlap
from mlforge.compiler.ops.shared.weights import constant_array, exact_bias
from mlforge.compiler.ops.shared.window import Axis, Window

_GROUP: Final = 4  # outputs
_FEW_WINDOWS: Final = (1, 2, 4, 5)  # for which one at a time takes fewer instructions than three and the rest


def lower_for_dsp(view: View, multipliers: Sequence[Multiplier], low: int, high: int) -> Lowered | None:
    """None where the numbers do not suit the kernel. `multipliers` holds one for all outputs, or one for each."""
    weights = constant_array(view, 1)
    outputs, inputs = weights.shape
    bias = exact_bias(view, outputs, weights.sum(axis=1))
    channels = Channels(pad_runs(weights[:, np.newaxis]), bias, tuple(multipliers))
    zero_point = view.output_quantization.zero_point
    if len(multipliers) > 1:
        channels = without_dead(channels, zero_point, low, high)
    if not channels.suit_pairs:
        return None
    rows = view.input().elements // inputs
    one_row = Window(Axis(1, 1, 1, 1, 1, 0), Axis(rows, rows, 1, 1, 1, 0))
    return Lowered(
        kernel="mlforge_dsp_fully_connected_s8",
        parameters_type="mlforge_dsp_fully_connected",
        parameters=row_fields(channels, Rows(rows, inputs, inputs), zero_point, low, high),
        inputs=view.node.inputs[:1],
        outputs=view.node.outputs,
        macs=rows * weights.size,
        note="a scale for each output" if len(multipliers) > 1 else "one scale for all weights",
        overlap=window_overlap(view.node.inputs[0], one_row, inputs, outputs, in_flight=0),
        takes_scratch=True,
        scratch_bytes=2 * channels.weights.shape[1],
    )


def lower_layer_for_dsp(layer: Layer) -> Lowered | None:
    """A convolution with few windows, each of which lies in one piece in the input: what is done once a call then
    weighs more than what several windows at a time save. None for others, and where the numbers do not suit."""
    window, inputs, columns = layer.window, layer.inputs, layer.window.width
    in_one_piece = window.height.is_trivial and columns.dilation == 1 and not window.has_padding
    if not in_one_piece or window.pixels not in _FEW_WINDOWS:
        return None
    channels = layer.channels(pad_runs(layer.weights.reshape(layer.outputs, 1, -1)))
    if not channels.suit_pairs:
        return None
    rows = Rows(window.pixels, columns.kernel * inputs, columns.stride * inputs)
    return layer.call(
        "dsp_fully_connected",
        row_fields(channels, rows, layer.zero_points[1], *layer.limits),
        window.pixels,
        note=f"{window}, as a matrix",
        overlap=layer.overlap(in_flight=0),
        takes_scratch=True,
        scratch_bytes=2 * channels.weights.shape[1],
    )


@dataclass(frozen=True, slots=True)
class Rows:
    """What meets the weights: `count` times `values` bytes of the input, `step` bytes apart."""

    count: int
    values: int
    step: int


def row_fields(channels: Channels, rows: Rows, zero_point: int, low: int, high: int) -> Mapping[str, Field]:
    """Of struct mlforge_dsp_fully_connected."""
    outputs = len(channels.bias)
    even = ((0, outputs % 2), (0, 0))
    finish = np.array([factor_and_power(multiplier) for multiplier in channels.multipliers], np.int64)
    return {
        "rows": rows.count,
        "inputs": rows.values,
        "step": rows.step,
        "outputs": outputs,
        "zero_point": zero_point,
        "low": low,
        "high": high,
        "per_output": int(len(channels.multipliers) > 1),
        "weights": Constant("weights", _words(np.pad(channels.weights, even), outputs // _GROUP).astype(np.int32)),
        "sums": Constant("sums", paired_sums(np.pad(channels.bias, even[0])).astype(np.int32)),
        "factors": Constant("factors", finish.astype(np.int32)),
    }


def _words(weights: Ints, groups: int) -> Ints:
    """[outputs, values]: `groups` of four outputs with their words in turn, then what is left as pairs."""
    words = paired_words(weights)
    whole, left = words[: 2 * groups], words[2 * groups :]
    in_turn = whole.reshape(groups, 2, -1).transpose(0, 2, 1) if groups else whole
    return np.concatenate([in_turn.reshape(-1), left.reshape(-1)])
