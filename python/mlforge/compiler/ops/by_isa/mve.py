"""CONV_2D and FULLY_CONNECTED for Isa.MVE; the layouts are those of mlforge/kernels_mve.h."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.fixed_point import Ints, Multiplier
from mlforge.compiler.ops.by_isa.dsp import Channels, without_dead
from mlforge.compiler.ops.operator import Constant, Lowered, View
from mlforge.compiler.ops.shared.convolution import Layer
from mlforge.compiler.ops.shared.overlap import window_overlap
from mlforge.compiler.ops.shared.weights import constant_array, exact_bias
from mlforge.compiler.ops.shared.window import Axis, Window

_LANES: Final = 4  # pixels or outputs at a time
_GROUP: Final = 4  # output channels whose results share a word
_VECTOR: Final = 16  # bytes
_WORD: Final = 4
_SHIFTS: Final = range(1, 32)  # to the right
_SUM_LIMIT: Final = 1 << 31


def lower_conv_2d(layer: Layer) -> Lowered | None:
    """None where the numbers do not suit the kernel."""
    window, count, inputs = layer.window, layer.outputs, layer.inputs
    channels = layer.channels(layer.weights.reshape(count, -1))
    if not _suits(channels):
        return None
    size = window.taps * inputs
    if size <= _VECTOR:
        tables = {
            "weights": Constant("weights", _read_whole(channels.weights, _VECTOR)),
            "channels": Constant("channels", _records(channels)),
        }
    else:
        tables = {"groups": Constant("weights", _groups(channels))}
    low, high = layer.limits
    return layer.call(
        "mve_conv_2d",
        {
            "window": window.fields(),
            "input_channels": inputs,
            "output_channels": count,
            "zero_point": layer.zero_points[1],
            "input_zero_point": layer.zero_points[0],
            "low": low,
            "high": high,
            **tables,
        },
        window.pixels,
        note=str(window),
        overlap=layer.overlap(in_flight=_LANES),
        takes_scratch=True,
        scratch_bytes=_copied_bytes(window, size) + _incomplete_bytes(size, count),
    )


def _copied_bytes(window: Window, size: int) -> int:
    """Four windows, unless they can be read where they are."""
    in_rows = window.height.kernel == 1 and window.width.dilation == 1 and not window.has_padding
    if size <= _VECTOR:
        return 0 if in_rows else _LANES * size
    return 0 if in_rows and size % _VECTOR == 0 else _LANES * (size + -size % _VECTOR)


def _incomplete_bytes(size: int, count: int) -> int:
    """Results of four pixels, where the last of their words are not whole."""
    return _LANES * (count + -count % _GROUP) if size > _VECTOR and count % _GROUP else 0


def _groups(channels: Channels) -> NDArray[np.int32]:
    """[pairs, words]: the `groups` of struct mlforge_mve_conv_2d."""
    count, size = channels.weights.shape
    rest = -count % _GROUP
    weights = np.pad(channels.weights, ((0, rest), (0, -size % _VECTOR))).astype(np.int8)
    vectors = weights.reshape(-1, 2, 2, weights.shape[1] // _VECTOR, _VECTOR)  # group, which of a pair, pair, …
    records = np.pad(_records(channels), ((0, rest), (0, 0)), mode="edge").reshape(-1, 2, 2, 3)
    pairs = len(weights) // 2
    words = np.ascontiguousarray(vectors.transpose(0, 2, 3, 1, 4)).reshape(pairs, -1).view("<i4")
    finish = records.transpose(0, 2, 1, 3).reshape(pairs, -1)
    return np.concatenate([words, finish], axis=1).astype(np.int32)


def lower_depthwise(layer: Layer) -> Lowered | None:
    """For windows of 3x3; None for others, and where the numbers do not suit the kernel."""
    window, count = layer.window, layer.outputs
    axes, stride = (window.height, window.width), window.width.stride
    fits = all(axis.kernel == 3 and axis.dilation == 1 and axis.stride == stride for axis in axes)
    channels = layer.channels(layer.weights.reshape(-1, count).T)
    if not fits or stride not in (1, 2) or count != layer.inputs or not _suits(channels):
        return None
    in_place = stride == 1 and all(axis.input == axis.output for axis in axes)
    low, high = layer.limits
    call = layer.call(
        "mve_depthwise",
        {
            "window": window.fields(),
            "channels": count,
            "zero_point": layer.zero_points[1],
            "input_zero_point": layer.zero_points[0],
            "low": low,
            "high": high,
            "weights": Constant("weights", _read_whole(channels.weights, _WORD)),
            "records": Constant("records", _records(channels)),
        },
        window.pixels,
        note=str(window),
        takes_scratch=True,
        scratch_bytes=_depthwise_scratch(window.width),
        in_place=frozenset({layer.source} if in_place else ()),
    )
    return replace(call, kernel="mlforge_mve_depthwise_3x3_s8")


def _depthwise_scratch(columns: Axis) -> int:
    """Records and patches of sixteen channels, room for results that there are not, and lines of the input."""
    if columns.stride == 1:
        return 1488 + 4 * _VECTOR * (2 * -(-columns.output // 2) + 2)
    return 1232 + 3 * _VECTOR * (8 * -(-columns.output // 4) + 1)


def lower_fully_connected(view: View, multipliers: Sequence[Multiplier], low: int, high: int) -> Lowered | None:
    """None where the numbers do not suit the kernel. `multipliers` holds one for all outputs, or one for each."""
    weights = constant_array(view, 1)
    outputs, inputs = weights.shape
    per_output, rows = len(multipliers) > 1, view.input().elements // inputs
    channels = Channels(weights, exact_bias(view, outputs, weights.sum(axis=1)), tuple(multipliers))
    if per_output:
        channels = without_dead(channels, view.output_quantization.zero_point, low, high)
    if not _suits(channels):
        return None
    rest = -outputs % _LANES
    finish = channels.multipliers + channels.multipliers[-1:] * rest if per_output else channels.multipliers * _LANES
    one_row = Window(Axis(1, 1, 1, 1, 1, 0), Axis(rows, rows, 1, 1, 1, 0))
    return Lowered(
        kernel="mlforge_mve_fully_connected_s8",
        parameters_type="mlforge_mve_fully_connected",
        parameters={
            "rows": rows,
            "inputs": inputs,
            "outputs": outputs,
            "zero_point": view.output_quantization.zero_point,
            "low": low,
            "high": high,
            "per_output": int(per_output),
            "weights": Constant("weights", channels.weights.astype(np.int8)),
            "bias": Constant("bias", np.pad(channels.bias, (0, rest)).astype(np.int32)),
            "multiplier": Constant("multiplier", _values(finish)),
            "shift": Constant("shift", _shifts(finish).astype(np.int32)),
        },
        inputs=view.node.inputs[:1],
        outputs=view.node.outputs,
        macs=rows * weights.size,
        note="a scale for each output" if per_output else "one scale for all weights",
        overlap=window_overlap(view.node.inputs[0], one_row, inputs, outputs, in_flight=1),
    )


def _suits(channels: Channels) -> bool:
    """Whether sums fit into int32, and all shifts are to the right."""
    fits = bool((channels.highest < _SUM_LIMIT).all() and (channels.lowest >= -_SUM_LIMIT).all())
    return fits and all(m.value > 0 and -m.exponent in _SHIFTS for m in channels.multipliers)


def _read_whole(weights: Ints, read_bytes: int) -> NDArray[np.int8]:
    """With zeros behind, because the last read of `read_bytes` may reach so far."""
    return np.pad(weights.astype(np.int8).reshape(-1), (0, read_bytes - 1))


def _records(channels: Channels) -> NDArray[np.int32]:
    """[channels, 3]: bias, multiplier, shift to the left."""
    columns = (channels.bias, _values(channels.multipliers), _shifts(channels.multipliers))
    return np.stack(columns, axis=1).astype(np.int32)


def _values(multipliers: Sequence[Multiplier]) -> NDArray[np.int32]:
    return np.array([multiplier.value for multiplier in multipliers], np.int32)


def _shifts(multipliers: Sequence[Multiplier]) -> NDArray[np.int64]:
    return np.array([multiplier.exponent for multiplier in multipliers], np.int64)
