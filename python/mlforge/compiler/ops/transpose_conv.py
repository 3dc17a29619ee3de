"""TRANSPOSE_CONV."""

from __future__ import annotations

import numpy as np
from tflite.TransposeConvOptions import TransposeConvOptions

from mlforge.compiler.graph import MAX_DIMENSION, Attributes, DType
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Lowered, Options, View, read_activation, without_options
from mlforge.compiler.ops.shared.convolution import Convolution, Layer, Places
from mlforge.compiler.ops.shared.int16_sums import sums_mismatch
from mlforge.compiler.ops.shared.integers import is_int8, not_an_integer
from mlforge.compiler.ops.shared.weights import per_channel_along, products_fit, weights_are_int8
from mlforge.compiler.ops.shared.window import MAX_BATCH, Padding, Pair, WindowAttributes, read_padding

_SHAPE, _WEIGHTS, _INPUT, _BIAS = range(4)


def third_is_integer(view: View) -> str:
    """The third input is an int8 or int16 activation, quantised per tensor; int16 with the zero point 0."""
    tensor = view.input(_INPUT)
    return f'tensor "{tensor.name}" is constant' if tensor.is_constant else not_an_integer(tensor)


def output_is_alike(view: View) -> str:
    """The output is an activation of the third input's type, quantised per tensor; int16 with the zero point 0."""
    tensor = view.output
    if tensor.is_constant or tensor.dtype is not view.input(_INPUT).dtype:
        return f'tensor "{tensor.name}" is {"constant " if tensor.is_constant else ""}{tensor.dtype}'
    return not_an_integer(tensor)


def nhwc(view: View) -> str:
    """Input and output are [batch, height, width, channels], the batch at most 64, other dimensions at most 32767."""
    for tensor in (view.input(_INPUT), view.output):
        if len(tensor.shape) != 4 or tensor.shape[0] > MAX_BATCH or max(tensor.shape) > MAX_DIMENSION:
            return f'tensor "{tensor.name}" is {tensor}'
    batches = view.input(_INPUT).shape[0], view.output.shape[0]
    return "" if batches[0] == batches[1] else f"the batches are {batches[0]} and {batches[1]}"


def shape_is_the_outputs(view: View) -> str:
    """The first input is int32[4]: the shape of the output, where it is constant. The output's own shape counts."""
    tensor = view.input(_SHAPE)
    if tensor.dtype is not DType.INT32 or tensor.shape != (4,):
        return f'the shape "{tensor.name}" is {tensor}'
    if not tensor.is_constant:
        return ""
    found = np.asarray(tensor.data).reshape(-1).tolist()
    return "" if found == list(view.output.shape) else f"it is {found}, the output {view.output}"


def weights_fit(view: View) -> str:
    """The weights are [output channels, height, width, input channels], each at most 32767; scales run along axis 0."""
    weights = view.input(_WEIGHTS)
    channels = view.output.shape[3], view.input(_INPUT).shape[3]
    if (
        len(weights.shape) != 4
        or (weights.shape[0], weights.shape[3]) != channels
        or max(weights.shape) > MAX_DIMENSION
    ):
        return f"the weights are {weights} for {channels[1]} channels to {channels[0]}"
    return per_channel_along(view, 0)


def bias_fits(view: View) -> str:
    """The bias, if any, is constant int32 (int16 activations: int64 or int16) with one value per output channel."""
    if not view.has_input(_BIAS):
        return ""
    tensor = view.input(_BIAS)
    accepted = (DType.INT32,) if is_int8(view) else (DType.INT64, DType.INT16)
    if tensor.is_constant and tensor.dtype in accepted and tensor.shape == view.output.shape[3:]:
        return ""
    return f'the bias "{tensor.name}" is {"" if tensor.is_constant else "not constant "}{tensor}'


def strides_are_positive(view: View) -> str:
    """Strides are between 1 and 32767."""
    stride = view.node.attributes_as(WindowAttributes).stride
    return "" if all(1 <= value <= MAX_DIMENSION for value in stride) else f"they are {stride}"


def scales_are_comparable(view: View) -> str:
    """The input's scale times those of the weights is at most 2^30 times the output's; of int16, below 128 times it,
    and sums of 64 bits stay below 2^47."""
    if not is_int8(view):
        return sums_mismatch(view, source=_INPUT, bias=_BIAS, axis=0)
    product = view.input_quantization(_INPUT).scale * max(view.input_quantization(_WEIGHTS).scales)
    output = view.output_quantization.scale
    return "" if product <= output * (1 << 30) else f"the product is {product:.9g}, the output's scale {output:.9g}"


def _pads(view: View) -> Pair:
    """Output rows and columns that are cut off in front (ComputePaddingHeightWidth, on the output)."""
    attributes = view.node.attributes_as(WindowAttributes)
    if attributes.padding is Padding.VALID:
        return 0, 0
    pads = []
    for axis in (0, 1):
        size, kernel = view.output.shape[1 + axis], view.input(_WEIGHTS).shape[1 + axis]
        stride = attributes.stride[axis]
        pads.append(max(0, (-(-size // stride) - 1) * stride + kernel - size) // 2)
    return pads[0], pads[1]


class TransposeConv(Convolution):
    kind = "TRANSPOSE_CONV"
    options = "TransposeConvOptions"
    places = Places(source=_INPUT, bias=_BIAS)
    inputs = (3, 4)
    constraints = (
        third_is_integer,
        output_is_alike,
        nhwc,
        shape_is_the_outputs,
        strides_are_positive,
        weights_are_int8,
        weights_fit,
        products_fit,
        bias_fits,
        scales_are_comparable,
    )

    def read(self, options: Options) -> Attributes:
        if options is None:
            raise without_options(self.kind, "strides and a padding")
        table = TransposeConvOptions()
        table.Init(options.Bytes, options.Pos)
        return WindowAttributes(
            stride=(table.StrideH(), table.StrideW()),
            padding=read_padding(self.kind, table.Padding()),
            activation=read_activation(self.kind, table.FusedActivationFunction()),
        )

    def lower_layer(self, layer: Layer, isa: Isa) -> Lowered:
        source, output = layer.view.input(_INPUT).shape, layer.view.output.shape
        kernel, stride, pads = layer.kernel, layer.attributes.stride, _pads(layer.view)
        walk = {
            "input_height": source[1],
            "input_width": source[2],
            "output_height": output[1],
            "output_width": output[2],
            "kernel_height": kernel[0],
            "kernel_width": kernel[1],
            "stride_height": stride[0],
            "stride_width": stride[1],
            "pad_top": pads[0],
            "pad_left": pads[1],
            "input_channels": layer.inputs,
            "output_channels": layer.outputs,
        }
        return layer.call(
            "transpose_conv",
            {**walk, **layer.sums(layer.bias)},
            source[1] * source[2],
            note=f"window {kernel[0]}x{kernel[1]}, stride {stride[0]}x{stride[1]}",
        )
