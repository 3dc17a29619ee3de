"""CONV_2D."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np
from tflite.Conv2DOptions import Conv2DOptions

from mlforge.compiler.fixed_point import activation_range
from mlforge.compiler.graph import Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.by_isa import mve
from mlforge.compiler.ops.by_isa.dsp_conv_2d import lower_for_dsp
from mlforge.compiler.ops.by_isa.packed_conv_2d import lower_packed
from mlforge.compiler.ops.operator import (
    Constant,
    Lowered,
    Operator,
    Options,
    View,
    output_stage,
    read_activation,
    without_options,
)
from mlforge.compiler.ops.shared.batches import each_picture
from mlforge.compiler.ops.shared.int16_sums import bias_fits, lower_conv_2d, read_bias_type, sums_are_moderate
from mlforge.compiler.ops.shared.integers import input_is_integer, is_int8, output_is_alike
from mlforge.compiler.ops.shared.overlap import window_overlap
from mlforge.compiler.ops.shared.weights import (
    channel_multipliers,
    constant_array,
    folded_bias,
    per_channel_along,
    products_fit,
    weights_are_int8,
)
from mlforge.compiler.ops.shared.window import (
    Pair,
    WindowAttributes,
    nhwc,
    read_padding,
    shape_mismatch,
    strides_are_positive,
    window_of,
)


def weights_fit(view: View) -> str:
    """The weights are [output channels, height, width, input channels of a group], where groups divide both channels;
    scales, if several, run along axis 0."""
    weights, channels = view.input(1), view.input().shape[3]
    if len(weights.shape) != 4 or weights.shape[0] != view.output.shape[3] or channels % weights.shape[3]:
        return f"the weights are {weights} for {channels} input channels and the output {view.output}"
    if weights.shape[0] % (channels // weights.shape[3]):
        return f"the weights are {weights}, which makes {channels // weights.shape[3]} groups"
    return per_channel_along(view, 0)


def groups_of(view: View) -> int:
    """Of a node that has passed `weights_fit`."""
    return view.input().shape[3] // view.input(1).shape[3]


def window_fits(view: View) -> str:
    """The output has the size that follows from input, window, stride, dilation and padding."""
    return shape_mismatch(view, _kernel(view), view.input(1).shape[0])


def _kernel(view: View) -> Pair:
    return view.input(1).shape[1], view.input(1).shape[2]


class Conv2D(Operator):
    kind = "CONV_2D"
    options = "Conv2DOptions"
    inputs = (2, 3)
    constraints = (
        input_is_integer,
        output_is_alike,
        nhwc,
        strides_are_positive,
        weights_are_int8,
        weights_fit,
        products_fit,
        bias_fits,
        sums_are_moderate,
        window_fits,
    )

    def read(self, options: Options) -> Attributes:
        if options is None:
            raise without_options(self.kind, "strides and a padding")
        table = Conv2DOptions()
        table.Init(options.Bytes, options.Pos)
        return WindowAttributes(
            stride=(table.StrideH(), table.StrideW()),
            padding=read_padding(self.kind, table.Padding()),
            dilation=(table.DilationHFactor(), table.DilationWFactor()),
            activation=read_activation(self.kind, table.FusedActivationFunction()),
            bias_type=read_bias_type(table.QuantizedBiasType()),
        )

    def lower(self, view: View, isa: Isa) -> Lowered:
        return each_picture(view, lambda one: self.lower_picture(one, isa))

    def lower_picture(self, view: View, isa: Isa) -> Lowered:
        """For a batch of 1."""
        if is_int8(view) and groups_of(view) > 1:
            return _lower_groups(view)
        if not is_int8(view):
            return lower_conv_2d(view, _kernel(view))
        if isa is Isa.MVE and (vectors := mve.lower_conv_2d(view, _kernel(view))):
            return vectors
        if isa.has_dsp:
            return lower_for_dsp(view, _kernel(view)) or _lower(view)
        return lower_packed(view, _kernel(view), isa) or _lower(view)


def _lower_groups(view: View) -> Lowered:
    one = _lower(view)
    return replace(
        one,
        kernel="mlforge_grouped_conv_2d_s8",
        parameters_type="mlforge_grouped_conv_2d",
        parameters={"conv": one.parameters, "groups": groups_of(view)},
        note=f"{groups_of(view)} groups; {one.note}",
        scratch_bytes=2 * prod(view.input(1).shape[1:]),
    )


def _lower(view: View) -> Lowered:
    weights = constant_array(view, 1)
    channels, inputs = weights.shape[0], view.input().shape[3]
    window = window_of(view, _kernel(view)).canonical()
    quantization = view.output_quantization
    low, high = activation_range(
        view.node.attributes_as(WindowAttributes).activation, quantization.scale, quantization.zero_point
    )
    multiplier, shift = channel_multipliers(view, channels, low, high)
    in_rows = window.height.kernel == 1 and window.width.dilation == 1 and not window.has_padding
    return Lowered(
        kernel="mlforge_conv_2d_s8",
        parameters_type="mlforge_conv_2d",
        parameters={
            "window": window.fields(),
            "input_channels": inputs,
            "output_channels": channels,
            "input_zero_point": view.input_quantization().zero_point,
            "stage": output_stage(low, high, quantization.zero_point),
            "weights": Constant("weights", weights.astype(np.int8)),
            "bias": folded_bias(view, channels, weights.sum(axis=(1, 2, 3))),
            "multiplier": multiplier,
            "shift": shift,
        },
        inputs=view.node.inputs[:1],
        outputs=view.node.outputs,
        macs=window.pixels * weights.size,
        note=str(window),
        overlap=window_overlap(view.node.inputs[0], window, inputs, channels),
        takes_scratch=True,
        scratch_bytes=0 if in_rows else 2 * window.taps * inputs,
    )
