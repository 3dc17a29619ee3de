"""DEPTHWISE_CONV_2D for Isa.DSP: which of the kernels of mlforge/kernels_dsp_depthwise.h, along which axis, in how much
scratch.

Four channels at a time lie in scratch as planes of int16 whose rows are walked four outputs at a time. Any layout gives
the same results; costs are in instructions, roughly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from mlforge.compiler.fixed_point import INT8_MIN, Ints
from mlforge.compiler.graph import ABSENT, Tensor
from mlforge.compiler.ops.by_isa import dsp_depthwise_pixel
from mlforge.compiler.ops.by_isa.dsp import Channels
from mlforge.compiler.ops.by_isa.dsp_channels import channel_fields
from mlforge.compiler.ops.operator import Constant, Field, Lowered, View
from mlforge.compiler.ops.shared.convolution import Layer
from mlforge.compiler.ops.shared.movement import in_sequence
from mlforge.compiler.ops.shared.window import Axis, Window

_BLOCK: Final = 4  # outputs in work at a time, and channels in scratch
_ELEMENT_BYTES: Final = 2
_SUM_LIMIT: Final = 1 << 28  # of struct mlforge_dsp_channels
_CHANNEL_COST: Final = 90
_GENERIC_OUTPUT_COST: Final = 33
_GENERIC_TAP_COST: Final = 4
_MAX_COLUMNS: Final = 65535  # as struct mlforge_dsp_depthwise holds them
_WORD_BYTES: Final = 4
_LEAST_BUDGET_BYTES: Final = 2048
_BUDGET_SHARE: Final = 8  # of input and output, what scratch may take unless a single row needs more


@dataclass(frozen=True, slots=True)
class Planes:
    """A way to walk: `window` with the rows of the planes as its height; `is_transposed` where these are the picture's
    columns."""

    window: Window
    channels: int
    is_transposed: bool

    @property
    def is_3x3(self) -> bool:
        rows, columns = self.window.height, self.window.width
        return rows.kernel == columns.kernel == 3 and columns.dilation == 1 and columns.stride in (1, 2)

    @property
    def has_stride_1(self) -> bool:
        return self.window.width.stride == self.window.width.dilation == 1

    @property
    def row_words(self) -> int:
        """Words that the weights of one row of the kernel take in scratch."""
        columns = self.window.width
        if self.is_3x3:
            return 0
        if self.has_stride_1:
            return 2 * (columns.kernel // 2 + 1)
        return columns.kernel if columns.dilation > 1 else (columns.kernel + 1) // 2

    @property
    def weight_bytes(self) -> int:
        """In scratch."""
        return _WORD_BYTES * self.row_words * self.window.height.kernel

    @property
    def columns(self) -> int:
        """Elements in a row of a plane: what the input and its padding take, and what the blocks of outputs read."""
        axis = self.window.width
        padding = axis.pad % 2  # that is stored along with the input
        written = axis.pad + axis.input + -(axis.input + padding) % _BLOCK
        elements = max(self._columns_read, written)
        return elements + -elements % _BLOCK

    @property
    def _columns_read(self) -> int:
        axis = self.window.width
        blocks, rest = divmod(axis.output, _BLOCK)
        if self.is_3x3:
            return (_BLOCK * blocks + rest + rest % 2 - 1) * axis.stride + 3 + (axis.stride == 2)
        outputs = _BLOCK * (blocks + (rest > 0))
        if self.has_stride_1:
            return outputs + axis.kernel // 2 * 2
        word = 1 if axis.dilation > 1 else axis.kernel % 2  # the other half of the last word
        return (outputs - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1 + word

    @property
    def row_bytes(self) -> int:
        """A row of all planes of a group."""
        return _ELEMENT_BYTES * self.columns * min(_BLOCK, self.channels)

    def scratch_bytes(self, band_rows: int) -> int:
        return self.weight_bytes + self.row_bytes * _rows_for(self.window.height, band_rows)

    @property
    def input_bytes(self) -> int:
        return self.channels * self.window.height.input * self.window.width.input

    @property
    def output_bytes(self) -> int:
        return self.channels * self.window.pixels

    def band_rows(self) -> int:
        """Output rows that are made at a time: as many as a moderate amount of scratch has room for."""
        budget = max(_LEAST_BUDGET_BYTES, (self.input_bytes + self.output_bytes) // _BUDGET_SHARE)
        fitting = [band for band in range(1, self.window.height.output + 1) if self.scratch_bytes(band) <= budget]
        return max(fitting, default=1)

    @property
    def is_affordable(self) -> bool:
        """Whether a single row of planes is not out of proportion, as that of a long signal of few channels is."""
        share = self.output_bytes if self.works_in_place else (self.input_bytes + self.output_bytes) // 2
        return self.columns <= _MAX_COLUMNS and self.scratch_bytes(1) <= max(_LEAST_BUDGET_BYTES, share)

    @property
    def cost(self) -> int:
        """Of one channel."""
        rows, columns = self.window.height, self.window.width
        blocks, rest = divmod(columns.output, _BLOCK)
        if self.is_3x3:
            compute = 10 + 57 * blocks + (0, 37, 45, 62)[rest]
        else:
            row = 7 + (4 if self.has_stride_1 else 12) * self.row_words
            compute = 12 + (42 + row * rows.kernel) * (blocks + (rest > 0))
        bring = 15 + 7 * -(-columns.input // _BLOCK)
        return _CHANNEL_COST + rows.output * compute + rows.input * bring

    @property
    def works_in_place(self) -> bool:
        axes = (self.window.height, self.window.width)
        return all(axis.stride == 1 and axis.input == axis.output for axis in axes)

    def kernel(self, zero_point: int) -> str:
        if not self.is_3x3:
            return f"mlforge_dsp_depthwise{'_stride_1' if self.has_stride_1 else ''}_s8"
        stride = "_stride_2" if self.window.width.stride == 2 else ""
        return f"mlforge_dsp_depthwise_3x3{stride}{'_relu' if zero_point == INT8_MIN else ''}_s8"


def _rows_for(axis: Axis, outputs: int) -> int:
    return (outputs - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1


def lower_multiplied(layer: Layer) -> Lowered | None:
    """For several outputs of each input channel: a call for the first output of all, then for the second, and so on."""
    multiplier, calls = layer.outputs // layer.inputs, []
    for number in range(multiplier):
        one = Layer.of(_every(layer, multiplier, number), layer.places)
        planes = _best_planes(one.window, one.outputs)
        part = _lower_planes(one, planes) if planes else None
        if part is None:
            return None
        calls.append(_placed(part, multiplier, number))
    return replace(
        in_sequence(calls), macs=sum(call.macs for call in calls), note=f"{multiplier} times; {calls[0].note}"
    )


def _every(layer: Layer, multiplier: int, number: int) -> View:
    """The layer with the outputs `number`, number + multiplier, … alone."""
    node, tensors = layer.view.node, list(layer.view.graph.tensors)
    for index in node.inputs[1:]:
        if index != ABSENT:
            tensors[index] = _thinned(tensors[index], slice(number, None, multiplier))
    result = tensors[node.outputs[0]]
    tensors[node.outputs[0]] = replace(result, shape=(*result.shape[:3], layer.inputs))
    return View(replace(layer.view.graph, tensors=tuple(tensors)), node)


def _thinned(tensor: Tensor, places: slice) -> Tensor:
    """Some elements of the last axis, along which scales, if several, run."""
    data, quantization = np.asarray(tensor.data)[..., places], tensor.quantization
    if quantization and quantization.per_channel:
        quantization = replace(
            quantization, scales=quantization.scales[places], zero_points=quantization.zero_points[places]
        )
    return replace(tensor, shape=data.shape, data=np.ascontiguousarray(data), quantization=quantization)


def _placed(call: Lowered, multiplier: int, number: int) -> Lowered:
    parameters = {**_named(call.parameters, number), "output_step": multiplier}
    return replace(call, parameters=parameters, output_offset=number, in_place=frozenset())


def _named(fields: Mapping[str, Field], number: int) -> dict[str, Field]:
    """With names of their own for the tables of one of several calls."""
    made: dict[str, Field] = {}
    for key, value in fields.items():
        if isinstance(value, Constant):
            value = Constant(f"{value.suffix}_{number}", value.data)
        made[key] = _named(value, number) if isinstance(value, Mapping) else value
    return made


def lower_for_dsp(layer: Layer) -> Lowered | None:
    """None for several outputs per input channel, and where the numbers do not suit the kernels."""
    planes = _best_planes(layer.window, layer.outputs)
    if _is_better_by_pixel(planes, layer) and (call := dsp_depthwise_pixel.lower_pixel(layer, _channels(layer))):
        return call
    return _lower_planes(layer, planes) if planes else None


def _channels(layer: Layer) -> Channels | None:
    """None for several outputs per input channel, and where requantisation would not be exact."""
    channels = layer.channels(layer.weights.reshape(-1, layer.outputs).T)
    return channels if layer.outputs == layer.inputs and _suit(channels) else None


def _lower_planes(layer: Layer, planes: Planes) -> Lowered | None:
    if (channels := _channels(layer)) is None:
        return None
    window, count = layer.window, layer.outputs
    band_rows = planes.band_rows()
    low, high = layer.limits
    scales = layer.view.input_quantization(1).scales
    ratio = layer.view.input_quantization().scale / layer.view.output_quantization.scale
    call = layer.call(
        "dsp_depthwise",
        {
            "window": planes.window.fields(),
            "channels": count,
            "band_rows": band_rows,
            "plane_columns": planes.columns,
            "output_step": 1,
            "is_transposed": int(planes.is_transposed),
            "input_zero_point": layer.zero_points[0],
            "zero_point": layer.zero_points[1],
            "low": low,
            "high": high,
            "weights": Constant("weights", _layout(planes, channels).astype(np.int8)),
            "outputs": channel_fields(channels, scales, ratio),
        },
        window.pixels,
        note=str(window),
        takes_scratch=True,
        scratch_bytes=planes.scratch_bytes(band_rows),
        in_place=frozenset({layer.source}) if planes.works_in_place else frozenset(),
    )
    return replace(call, kernel=planes.kernel(layer.zero_points[1]))


def _is_better_by_pixel(planes: Planes | None, layer: Layer) -> bool:
    """Planes that work in place stay, as a second picture costs more than instructions."""
    if planes is None:
        return True
    by_pixel = dsp_depthwise_pixel.cost(layer.window, layer.outputs)
    return not planes.works_in_place and by_pixel < layer.outputs * planes.cost


def _suit(channels: Channels) -> bool:
    """Whether requantisation is exact for every multiplier and every sum that can occur."""
    shifts = all(-31 <= multiplier.exponent <= -2 or not multiplier.value for multiplier in channels.multipliers)
    return shifts and bool((channels.highest < _SUM_LIMIT).all() and (channels.lowest > -_SUM_LIMIT).all())


def _best_planes(window: Window, channels: int) -> Planes | None:
    """The cheaper of the two axes that can be afforded; None where the generic kernel is cheaper still."""
    choices = (Planes(window, channels, False), Planes(Window(window.width, window.height), channels, True))
    affordable = [planes for planes in choices if planes.is_affordable]
    best = min(affordable, key=lambda planes: planes.cost, default=None)
    generic = window.pixels * (_GENERIC_OUTPUT_COST + _GENERIC_TAP_COST * window.taps)
    return best if best and best.cost <= generic else None


def _layout(planes: Planes, channels: Channels) -> Ints:
    """The weights for the walk; those in `channels` are by the picture's rows."""
    rows, columns = planes.window.height.kernel, planes.window.width.kernel
    if not planes.is_transposed:
        return channels.weights
    turned: Ints = channels.weights.reshape(-1, columns, rows).transpose(0, 2, 1)
    return turned
