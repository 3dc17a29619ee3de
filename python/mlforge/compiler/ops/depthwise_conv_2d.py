"""DEPTHWISE_CONV_2D."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from tflite.DepthwiseConv2DOptions import DepthwiseConv2DOptions

from mlforge.compiler.fixed_point import activation_range
from mlforge.compiler.graph import Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.by_isa.dsp_depthwise import lower_for_dsp
from mlforge.compiler.ops.conv_2d import Conv2D
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
from mlforge.compiler.ops.shared.int16_sums import bias_of_depthwise_fits, lower_depthwise_conv_2d, sums_are_moderate
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

_TAP_BYTES = 4  # an int32_t offset in scratch for each tap


def weights_fit(view: View) -> str:
    """The weights are [1, height, width, input channels * multiplier]; scales, if several, run along axis 3."""
    weights, channels = view.input(1), view.input().shape[3]
    if len(weights.shape) != 4 or weights.shape[0] != 1 or weights.shape[3] % channels:
        return f"the weights are {weights} for {channels} input channels"
    return per_channel_along(view, 3)


def window_fits(view: View) -> str:
    """The output has the size that follows from input, window, stride, dilation and padding."""
    return shape_mismatch(view, _kernel(view), view.input(1).shape[3])


def _kernel(view: View) -> Pair:
    return view.input(1).shape[1], view.input(1).shape[2]


class DepthwiseConv2D(Operator):
    kind = "DEPTHWISE_CONV_2D"
    options = "DepthwiseConv2DOptions"
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

    def lower(self, view: View, isa: Isa) -> Lowered:
        return each_picture(view, lambda one: self.lower_picture(one, isa))

    def lower_picture(self, view: View, isa: Isa) -> Lowered:
        """For a batch of 1. Several outputs for each input channel are what a convolution in groups of 1 makes."""
        if not is_int8(view):
            return lower_depthwise_conv_2d(view, _kernel(view))
        if view.output.shape[3] > view.input().shape[3]:
            return Conv2D().lower_picture(_as_groups(view), isa)
        dsp = lower_for_dsp(view, _kernel(view)) if isa.has_dsp else None
        return dsp or self._lower(view)

    def _lower(self, view: View) -> Lowered:
        weights = constant_array(view, 1)
        channels, inputs = weights.shape[3], view.input().shape[3]
        window = window_of(view, _kernel(view)).canonical()
        quantization = view.output_quantization
        low, high = activation_range(
            view.node.attributes_as(WindowAttributes).activation, quantization.scale, quantization.zero_point
        )
        multiplier, shift = channel_multipliers(view, channels, low, high)
        return Lowered(
            kernel="mlforge_depthwise_conv_2d_s8",
            parameters_type="mlforge_depthwise_conv_2d",
            parameters={
                "window": window.fields(),
                "input_channels": inputs,
                "input_zero_point": view.input_quantization().zero_point,
                "stage": output_stage(low, high, quantization.zero_point),
                "weights": Constant("weights", weights.astype(np.int8)),
                "bias": folded_bias(view, channels, weights.sum(axis=(0, 1, 2))),
                "multiplier": multiplier,
                "shift": shift,
            },
            inputs=view.node.inputs[:1],
            outputs=view.node.outputs,
            macs=window.pixels * weights.size,
            note=str(window),
            overlap=window_overlap(view.node.inputs[0], window, inputs, channels),
            takes_scratch=True,
            scratch_bytes=window.taps * _TAP_BYTES + inputs,
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
