"""DEPTHWISE_CONV_2D."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from tflite.DepthwiseConv2DOptions import DepthwiseConv2DOptions

from mlforge.compiler.graph import Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.by_isa import mve
from mlforge.compiler.ops.by_isa.dsp_depthwise import lower_for_dsp, lower_multiplied
from mlforge.compiler.ops.by_isa.packed_depthwise import lower_packed_depthwise
from mlforge.compiler.ops.conv_2d import Conv2D
from mlforge.compiler.ops.operator import Lowered, Options, View, read_activation, without_options
from mlforge.compiler.ops.shared.convolution import Convolution, Layer, Places
from mlforge.compiler.ops.shared.int16_sums import bias_of_depthwise_fits, sums_are_moderate
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

_TAP_BYTES = 4  # an int32_t offset in scratch for each tap


def weights_fit(view: View) -> str:
    """The weights are [1, height, width, input channels * multiplier]; scales, if several, run along axis 3."""
    weights, channels = view.input(1), view.input().shape[3]
    if len(weights.shape) != 4 or weights.shape[0] != 1 or weights.shape[3] % channels:
        return f"the weights are {weights} for {channels} input channels"
    return per_channel_along(view, 3)


def window_fits(view: View) -> str:
    """The output has the size that follows from input, window, stride, dilation and padding."""
    return shape_mismatch(view, kernel_of(view), view.input(1).shape[3])


class DepthwiseConv2D(Convolution):
    kind = "DEPTHWISE_CONV_2D"
    options = "DepthwiseConv2DOptions"
    places = Places(axis=3)
    inputs = (2, 3)
    constraints = (
        input_is_integer,
        output_is_alike,
        nhwc,
        strides_are_positive,
        weights_are_int8,
        weights_fit,
        products_fit,
        bias_of_depthwise_fits,
        sums_are_moderate,
        window_fits,
    )

    def read(self, options: Options) -> Attributes:
        # The file's depth multiplier is redundant; the reference takes it from the shapes, too.
        if options is None:
            raise without_options(self.kind, "strides and a padding")
        table = DepthwiseConv2DOptions()
        table.Init(options.Bytes, options.Pos)
        return WindowAttributes(
            stride=(table.StrideH(), table.StrideW()),
            padding=read_padding(self.kind, table.Padding()),
            dilation=(table.DilationHFactor(), table.DilationWFactor()),
            activation=read_activation(self.kind, table.FusedActivationFunction()),
        )

    def lower_layer(self, layer: Layer, isa: Isa) -> Lowered:
        """Several outputs for each input channel are what a convolution in groups of 1 makes."""
        if not is_int8(layer.view):
            return _lower_int16(layer)
        if layer.outputs > layer.inputs:
            if layer.inputs > 1 and isa.has_dsp and (several := lower_multiplied(layer)):
                return several
            return Conv2D().lower_layer(Layer.of(_as_groups(layer.view), Conv2D.places), isa)
        if isa is Isa.MVE and (vectors := mve.lower_depthwise(layer)):
            return vectors
        special = lower_for_dsp(layer) if isa.has_dsp else lower_packed_depthwise(layer)
        return special or _lower(layer)


def _lower(layer: Layer) -> Lowered:
    window = layer.window
    return layer.call(
        "depthwise_conv_2d",
        {"window": window.fields(), "input_channels": layer.inputs, **layer.sums(layer.folded_bias)},
        window.pixels,
        note=str(window),
        overlap=layer.overlap(),
        takes_scratch=True,
        scratch_bytes=window.taps * _TAP_BYTES + layer.inputs,
    )


def _lower_int16(layer: Layer) -> Lowered:
    window = layer.window
    channels = {"input_channels": layer.inputs, "channel_multiplier": layer.outputs // layer.inputs}
    return layer.call(
        "depthwise_conv_2d",
        {"window": window.fields(), **channels, **layer.sums(layer.bias)},
        window.pixels,
        note=str(window),
        overlap=layer.overlap(),
    )


def _as_groups(view: View) -> View:
    """The same layer as a CONV_2D with as many groups as input channels; exact, as it is the same sum."""
    weights = view.input(1)
    quantization = weights.quantization
    turned = replace(
        weights,
        shape=(weights.shape[3], *weights.shape[1:3], 1),
        data=np.ascontiguousarray(np.asarray(weights.data).transpose(3, 1, 2, 0)),
        quantization=replace(quantization, axis=0) if quantization else None,
    )
    graph = view.graph
    tensors = (*graph.tensors, turned)
    inputs = (view.node.inputs[0], len(graph.tensors), *view.node.inputs[2:])
    node = replace(view.node, kind="CONV_2D", inputs=inputs)
    return View(replace(graph, tensors=tensors), node)
