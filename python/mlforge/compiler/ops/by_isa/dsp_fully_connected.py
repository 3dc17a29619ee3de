"""FULLY_CONNECTED for Isa.DSP: four outputs at a time."""

from __future__ import annotations

from collections.abc import Sequence

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
from mlforge.compiler.ops.operator import Constant, Lowered, View
from mlforge.compiler.ops.shared.overlap import window_overlap
from mlforge.compiler.ops.shared.weights import constant_array, exact_bias
from mlforge.compiler.ops.shared.window import Axis, Window

_GROUP = 4  # outputs


def lower_for_dsp(view: View, multipliers: Sequence[Multiplier], low: int, high: int) -> Lowered | None:
    """None where the numbers do not suit the kernel. `multipliers` holds one for all outputs, or one for each."""
    weights = constant_array(view, 1)
    outputs, inputs = weights.shape
    bias = exact_bias(view, outputs, weights.sum(axis=1))
    channels = Channels(pad_runs(weights[:, np.newaxis]), bias, tuple(multipliers))
    if len(multipliers) > 1:
        channels = without_dead(channels, view.output_quantization.zero_point, low, high)
    if not channels.suit_pairs:
        return None
    rows = view.input().elements // inputs
    one_row = Window(Axis(1, 1, 1, 1, 1, 0), Axis(rows, rows, 1, 1, 1, 0))
    even = ((0, outputs % 2), (0, 0))
    finish = np.array([factor_and_power(multiplier) for multiplier in channels.multipliers], np.int64)
    return Lowered(
        kernel="mlforge_dsp_fully_connected_s8",
        parameters_type="mlforge_dsp_fully_connected",
        parameters={
            "rows": rows,
            "inputs": inputs,
            "outputs": outputs,
            "zero_point": view.output_quantization.zero_point,
            "low": low,
            "high": high,
            "per_output": int(len(multipliers) > 1),
            "weights": Constant("weights", _words(np.pad(channels.weights, even), outputs // _GROUP).astype(np.int32)),
            "sums": Constant("sums", paired_sums(np.pad(channels.bias, even[0])).astype(np.int32)),
            "factors": Constant("factors", finish.astype(np.int32)),
        },
        inputs=view.node.inputs[:1],
        outputs=view.node.outputs,
        macs=rows * weights.size,
        note="a scale for each output" if len(multipliers) > 1 else "one scale for all weights",
        overlap=window_overlap(view.node.inputs[0], one_row, inputs, outputs, in_flight=0),
        takes_scratch=True,
        scratch_bytes=2 * channels.weights.shape[1],
    )


def _words(weights: Ints, groups: int) -> Ints:
    """[outputs, values]: `groups` of four outputs with their words in turn, then what is left as pairs."""
    words = paired_words(weights)
    whole, left = words[: 2 * groups], words[2 * groups :]
    in_turn = whole.reshape(groups, 2, -1).transpose(0, 2, 1) if groups else whole
    return np.concatenate([in_turn.reshape(-1), left.reshape(-1)])
