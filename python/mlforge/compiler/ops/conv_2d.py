"""CONV_2D."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tflite.Conv2DOptions import Conv2DOptions

from mlforge.compiler.graph import Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.by_isa import dsp_fully_connected, mve
from mlforge.compiler.ops.by_isa.dsp_conv_2d import lower_for_dsp
from mlforge.compiler.ops.by_isa.packed_conv_2d import lower_packed
from mlforge.compiler.ops.operator import Field, Lowered, Options, View, read_activation, without_options
from mlforge.compiler.ops.shared.convolution import Convolution, Layer
from mlforge.compiler.ops.shared.int16_sums import bias_fits, read_bias_type, sums_are_moderate
from mlforge.compiler.ops.shared.integers import input_is_integer, is_int8, output_is_alike
from mlforge.compiler.ops.shared.weights import per_channel_along, products_fit, weights_are_int8
from mlforge.compiler.ops.shared.window import (
    WindowAttributes,
    kernel_of,
    nhwc,
    read_padding,
    shape_mismatch,
    strides_are_positive,
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


def window_fits(view: View) -> str:
    """The output has the size that follows from input, window, stride, dilation and padding."""
    return shape_mismatch(view, kernel_of(view), view.input(1).shape[0])


class Conv2D(Convolution):
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

    def lower_layer(self, layer: Layer, isa: Isa) -> Lowered:
        if not is_int8(layer.view):
            return _lower_int16(layer)
        if layer.inputs > layer.weights.shape[3]:
            return _lower_groups(layer)
        if isa is Isa.MVE and (vectors := mve.lower_conv_2d(layer)):
            return vectors
        if isa.has_dsp:
            return dsp_fully_connected.lower_layer_for_dsp(layer) or lower_for_dsp(layer) or _lower(layer)
        return lower_packed(layer, isa) or _lower(layer)


def _walk(layer: Layer) -> Mapping[str, Field]:
    return {"window": layer.window.fields(), "input_channels": layer.inputs, "output_channels": layer.outputs}


def _lower(layer: Layer) -> Lowered:
    window = layer.window
    in_rows = window.height.kernel == 1 and window.width.dilation == 1 and not window.has_padding
    return layer.call(
        "conv_2d",
        {**_walk(layer), **layer.sums(layer.folded_bias)},
        window.pixels,
        note=str(window),
        overlap=layer.overlap(),
        takes_scratch=True,
        scratch_bytes=0 if in_rows else 2 * window.taps * layer.inputs,
    )


def _lower_groups(layer: Layer) -> Lowered:
    one, depth = _lower(layer), layer.weights.shape[3]
    groups = layer.inputs // depth
    return replace(
        one,
        kernel="mlforge_grouped_conv_2d_s8",
        parameters_type="mlforge_grouped_conv_2d",
        parameters={"conv": one.parameters, "groups": groups},
        note=f"{groups} groups; {one.note}",
        scratch_bytes=2 * layer.window.taps * depth,
    )


def _lower_int16(layer: Layer) -> Lowered:
    groups = {"groups": layer.inputs // layer.weights.shape[3]}
    return layer.call(
        "conv_2d",
        {**_walk(layer), **groups, **layer.sums(layer.bias)},
        layer.window.pixels,
        note=str(layer.window),
        overlap=layer.overlap(),
    )
