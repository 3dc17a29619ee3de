"""FULLY_CONNECTED for cores without instructions for pairs: four outputs at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from mlforge.compiler.fixed_point import Ints, Multiplier
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.by_isa.dsp import Channels, without_dead
from mlforge.compiler.ops.by_isa.packed import (
    BIAS_OF_BYTES,
    as_uint32,
    channel_blocks,
    factors,
    padded_to_quads,
    shifts,
    starts,
    suit_requantisation,
)
from mlforge.compiler.ops.operator import Constant, Lowered, View
from mlforge.compiler.ops.shared.overlap import window_overlap
from mlforge.compiler.ops.shared.weights import constant_array, exact_bias
from mlforge.compiler.ops.shared.window import Axis, Window

_GROUP: Final = 4  # outputs
_MORE_OUTPUTS: Final = 1.02  # for groups to be whole: more weights than that are not worth it


def lower_packed(view: View, isa: Isa, multipliers: Sequence[Multiplier], low: int, high: int) -> Lowered | None:
    """None where the numbers do not suit the kernel. `multipliers` holds one for all outputs, or one for each."""
    weights = constant_array(view, 1)
    outputs, inputs = weights.shape
    if -(-outputs // _GROUP) * _GROUP > outputs * _MORE_OUTPUTS:
        return None
    per_output, rows = len(multipliers) > 1, view.input().elements // inputs
    bias = exact_bias(view, outputs, weights.sum(axis=1))
    channels = Channels(padded_to_quads(weights), bias, tuple(multipliers))
    if per_output:
        channels = without_dead(channels, view.output_quantization.zero_point, low, high)
    grouped = np.pad(channels.weights, ((0, -outputs % _GROUP), (0, 0)))
    grouped_bias = np.pad(channels.bias, (0, -outputs % _GROUP))
    blocks = channel_blocks(grouped)
    if blocks is None or not suit_requantisation(channels):
        return None
    blocks = blocks.reshape(-1, _GROUP).min(axis=1)
    thumb1, depth = isa is Isa.THUMB1, grouped.shape[1]
    if thumb1:
        table, start = _outputs_in_turn(grouped, inputs, outputs), as_uint32(grouped_bias - 128 * grouped.sum(axis=1))
    else:
        table, start = _outputs_in_turn(grouped), starts(grouped_bias, depth, blocks.repeat(_GROUP))
    return Lowered(
        kernel="mlforge_thumb1_fully_connected_s8" if thumb1 else "mlforge_packed_fully_connected_s8",
        parameters_type="mlforge_packed_fully_connected",
        parameters={
            "rows": rows,
            "inputs": inputs,
            "outputs": outputs,
            "zero_point": view.output_quantization.zero_point,
            "low": low,
            "high": high,
            "per_output": int(per_output),
            "weights": Constant("weights", table.reshape(-1).astype(np.uint8).view("<u4").astype(np.uint32)),
            "bias": Constant("bias", start),
            "factors": Constant("factors", factors(channels.multipliers)),
            "shifts": Constant("shifts", shifts(channels.multipliers)),
            "blocks": Constant("blocks", blocks.astype(np.uint8)),
        },
        inputs=view.node.inputs[:1],
        outputs=view.node.outputs,
        macs=rows * weights.size,
        note="a scale for each output" if per_output else "one scale for all weights",
        overlap=window_overlap(view.node.inputs[0], _one_row(rows), inputs, outputs, in_flight=1),
        takes_scratch=True,
        scratch_bytes=2 * depth,
    )


def _one_row(rows: int) -> Window:
    return Window(Axis(1, 1, 1, 1, 1, 0), Axis(rows, rows, 1, 1, 1, 0))


def _outputs_in_turn(weights: Ints, inputs: int | None = None, outputs: int | None = None) -> Ints:
    """[outputs, inputs] to [group][inputs / 2][4][2], 128 more; 0 behind `inputs` and `outputs`, where given."""
    more = weights + BIAS_OF_BYTES
    if inputs is not None and outputs is not None:
        more[outputs:] = 0
        more[:, inputs:] = 0
    turned: Ints = more.reshape(len(more) // _GROUP, _GROUP, -1, 2).transpose(0, 2, 1, 3)
    return turned
