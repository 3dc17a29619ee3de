"""FULLY_CONNECTED, with one scale for the weights or one for each output."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from tflite.FullyConnectedOptions import FullyConnectedOptions

from mlforge.compiler.fixed_point import Activation, Multiplier, activation_range
from mlforge.compiler.graph import MAX_DIMENSION, Attributes, DType
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.by_isa import mve
from mlforge.compiler.ops.by_isa.dsp_fully_connected import lower_for_dsp
from mlforge.compiler.ops.by_isa.packed_fully_connected import lower_packed
from mlforge.compiler.ops.operator import (
    Constant,
    Lowered,
    Operator,
    Options,
    View,
    output_stage,
    read_activation,
    stage_shift,
)
from mlforge.compiler.ops.shared.int16_sums import bias_fits, lower_fully_connected, read_bias_type, sums_are_moderate
from mlforge.compiler.ops.shared.integers import input_is_integer, is_int8, output_is_alike
from mlforge.compiler.ops.shared.overlap import window_overlap
from mlforge.compiler.ops.shared.weights import (
    channel_multipliers,
    constant_array,
    folded_bias,
    multipliers_of,
    per_channel_along,
    products_fit,
    weights_are_int8,
)
from mlforge.compiler.ops.shared.window import Axis, Window
from mlforge.errors import UnsupportedOperatorError

_MAX_INPUTS = 65535


@dataclass(frozen=True, slots=True)
class FullyConnectedAttributes(Attributes):
    activation: Activation = Activation.NONE
    bias_type: DType | None = None  # what the options say of a bias that is not there; None for nothing


def weights_fit(view: View) -> str:
    """The weights are [outputs, inputs], at most 32767 and 65535; scales, if several, run along axis 0."""
    weights, output = view.input(1), view.output
    if len(weights.shape) != 2 or weights.shape[0] > MAX_DIMENSION or weights.shape[1] > _MAX_INPUTS:
        return f"the weights are {weights}"
    rows, rest = divmod(view.input().elements, weights.shape[1])
    if rest or rows * weights.shape[0] != output.elements or not output.shape or output.shape[-1] != weights.shape[0]:
        return f"the weights are {weights} between {view.input()} and {output}"
    if rows > MAX_DIMENSION:
        return f"the input has {rows} rows"
    return per_channel_along(view, 0)


class FullyConnected(Operator):
    kind = "FULLY_CONNECTED"
    options = "FullyConnectedOptions"
    inputs = (2, 3)
    constraints = (
        input_is_integer,
        output_is_alike,
        weights_are_int8,
        weights_fit,
        products_fit,
        bias_fits,
        sums_are_moderate,
    )

    def read(self, options: Options) -> Attributes:
        if options is None:
            return FullyConnectedAttributes()
        table = FullyConnectedOptions()
        table.Init(options.Bytes, options.Pos)
        if table.WeightsFormat() != 0:
            hint = "accepted: the default format"
            raise UnsupportedOperatorError(self.kind, f"the weights have the format {table.WeightsFormat()}", hint=hint)
        activation = read_activation(self.kind, table.FusedActivationFunction())
        return FullyConnectedAttributes(activation, read_bias_type(table.QuantizedBiasType()))

    def lower(self, view: View, isa: Isa) -> Lowered:
        if not is_int8(view):
            attributes = view.node.attributes_as(FullyConnectedAttributes)
            return lower_fully_connected(view, _multipliers(view), attributes.activation, attributes.bias_type)
        multipliers, (low, high) = _multipliers(view), _range(view)
        if view.input(1).shape[1] <= MAX_DIMENSION and (lowered := _for_isa(view, isa, multipliers, low, high)):
            return lowered
        return _per_channel(view) if view.input_quantization(1).per_channel else _per_tensor(view)


def _for_isa(view: View, isa: Isa, multipliers: list[Multiplier], low: int, high: int) -> Lowered | None:
    if isa is Isa.MVE and (vectors := mve.lower_fully_connected(view, multipliers, low, high)):
        return vectors
    if isa.has_dsp:
        return lower_for_dsp(view, multipliers, low, high)
    return lower_packed(view, isa, multipliers, low, high)


def _range(view: View) -> tuple[int, int]:
    quantization = view.output_quantization
    activation = view.node.attributes_as(FullyConnectedAttributes).activation
    return activation_range(activation, quantization.scale, quantization.zero_point)


def _window(rows: int) -> Window:
    """Each row is a pixel."""
    return Window(Axis(1, 1, 1, 1, 1, 0), Axis(rows, rows, 1, 1, 1, 0))


def _multipliers(view: View) -> list[Multiplier]:
    """One for all outputs, or one for each."""
    return multipliers_of(view, view.output.shape[-1] if view.input_quantization(1).per_channel else 1)


def _per_tensor(view: View) -> Lowered:
    weights = constant_array(view, 1)
    outputs, inputs = weights.shape
    multiplier = _multipliers(view)[0]
    low, high = _range(view)
    rows = view.input().elements // inputs
    return Lowered(
        kernel="mlforge_fully_connected_s8",
        parameters_type="mlforge_fully_connected",
        parameters={
            "rows": rows,
            "inputs": inputs,
            "outputs": outputs,
            "stage": output_stage(low, high, view.output_quantization.zero_point),
            "shift": stage_shift(multiplier, low, high),
            "multiplier": multiplier.value,
            "weights": Constant("weights", weights.astype(np.int8)),
            "bias": folded_bias(view, outputs, weights.sum(axis=1)),
        },
        inputs=view.node.inputs[:1],
        outputs=view.node.outputs,
        macs=rows * weights.size,
        note="one scale for all weights",
        overlap=window_overlap(view.node.inputs[0], _window(rows), inputs, outputs),
    )


def _per_channel(view: View) -> Lowered:
    """A 1x1 convolution over as many pixels as there are rows."""
    weights = constant_array(view, 1)
    outputs, inputs = weights.shape
    rows = view.input().elements // inputs
    window = _window(rows)
    low, high = _range(view)
    multiplier, shift = channel_multipliers(view, outputs, low, high)
    return Lowered(
        kernel="mlforge_conv_2d_s8",
        parameters_type="mlforge_conv_2d",
        parameters={
            "window": window.fields(),
            "input_channels": inputs,
            "output_channels": outputs,
            "input_zero_point": view.input_quantization().zero_point,
            "stage": output_stage(low, high, view.output_quantization.zero_point),
            "weights": Constant("weights", weights.astype(np.int8)),
            "bias": folded_bias(view, outputs, weights.sum(axis=1)),
            "multiplier": multiplier,
            "shift": shift,
        },
        inputs=view.node.inputs[:1],
        outputs=view.node.outputs,
        macs=rows * weights.size,
        note="a scale for each output",
        overlap=window_overlap(view.node.inputs[0], window, inputs, outputs),
        takes_scratch=True,
    )
