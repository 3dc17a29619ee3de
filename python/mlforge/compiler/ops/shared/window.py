"""Sliding windows: the geometry that convolutions and pools share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from mlforge.compiler.fixed_point import Activation
from mlforge.compiler.graph import MAX_DIMENSION, Attributes, DType
from mlforge.compiler.ops.operator import Field, View
from mlforge.errors import ModelError, UnsupportedOperatorError

MAX_BATCH: Final = 64  # a call for each picture
Pair: TypeAlias = tuple[int, int]  # height, width


class Padding(StrEnum):
    SAME = "SAME"
    VALID = "VALID"


@dataclass(frozen=True, slots=True)
class WindowAttributes(Attributes):
    stride: Pair
    padding: Padding
    dilation: Pair = (1, 1)
    activation: Activation = Activation.NONE
    extra_before: Pair = (0, 0)  # rows and columns of zeros that a PAD in front added
    extra_after: Pair = (0, 0)
    bias_type: DType | None = None  # what the options say of a bias that is not there; None for nothing


def read_padding(kind: str, code: int) -> Padding:
    """Raises UnsupportedOperatorError for a code that TensorFlow Lite does not define."""
    if code not in (0, 1):
        raise UnsupportedOperatorError(kind, f"the padding has the code {code}", hint="accepted: SAME, VALID")
    return Padding.VALID if code else Padding.SAME


@dataclass(frozen=True, slots=True)
class Axis:
    """A window along one axis."""

    input: int
    output: int
    kernel: int
    stride: int
    dilation: int
    pad: int

    @property
    def is_trivial(self) -> bool:
        return self.input == self.output == self.kernel == 1 and self.pad == 0

    @property
    def is_pointwise(self) -> bool:
        return self.kernel == 1 and self.stride == 1 and self.pad == 0 and self.input == self.output


@dataclass(frozen=True, slots=True)
class Window:
    height: Axis
    width: Axis

    @property
    def taps(self) -> int:
        return self.height.kernel * self.width.kernel

    @property
    def pixels(self) -> int:
        return self.height.output * self.width.output

    @property
    def has_padding(self) -> bool:
        return any(
            axis.pad > 0 or (axis.output - 1) * axis.stride - axis.pad + (axis.kernel - 1) * axis.dilation >= axis.input
            for axis in (self.height, self.width)
        )

    def canonical(self) -> Window:
        """The same walk over the same memory, with as few rows as possible, so that windows are contiguous.

        (height, 1) is turned into (1, width); a 1x1 window without stride walks all pixels in one row.
        """
        if self.height.is_pointwise and self.width.is_pointwise and self.pixels <= MAX_DIMENSION:
            row = self.height.input * self.width.input
            return Window(Axis(1, 1, 1, 1, 1, 0), Axis(row, row, 1, 1, 1, 0))
        if self.width.is_trivial:
            return Window(self.width, self.height)
        return self

    def fields(self) -> Mapping[str, Field]:
        """The fields of struct mlforge_window."""
        h, w = self.height, self.width
        return {
            "input_height": h.input,
            "input_width": w.input,
            "output_height": h.output,
            "output_width": w.output,
            "kernel_height": h.kernel,
            "kernel_width": w.kernel,
            "stride_height": h.stride,
            "stride_width": w.stride,
            "dilation_height": h.dilation,
            "dilation_width": w.dilation,
            "pad_top": h.pad,
            "pad_left": w.pad,
        }

    def __str__(self) -> str:
        h, w = self.height, self.width
        text = f"window {h.kernel}x{w.kernel}, stride {h.stride}x{w.stride}"
        if (h.dilation, w.dilation) != (1, 1):
            text += f", dilation {h.dilation}x{w.dilation}"
        return text + (f", padding from {h.pad},{w.pad}" if self.has_padding else "")


def kernel_of(view: View) -> Pair:
    """Height and width of the weights' window, for weights of four dimensions with these in the middle."""
    return view.input(1).shape[1], view.input(1).shape[2]


def window_of(view: View, kernel: Pair) -> Window:
    """The walk of a window of `kernel` over input 0, for a node that has passed `window_fits`."""
    attributes = view.node.attributes_as(WindowAttributes)
    axes = [_axis(view, attributes, kernel, axis) for axis in (0, 1)]
    return Window(axes[0], axes[1])


def _axis(view: View, attributes: WindowAttributes, kernel: Pair, axis: int) -> Axis:
    size, stride, dilation = view.input().shape[1 + axis], attributes.stride[axis], attributes.dilation[axis]
    output, pad = slide(size, kernel[axis], stride, dilation, attributes, axis)
    return Axis(size, output, kernel[axis], stride, dilation, pad)


def slide(size: int, kernel: int, stride: int, dilation: int, attributes: WindowAttributes, axis: int) -> Pair:
    """Output size, and zeros before the first element (TensorFlow's rules; ComputePaddingHeightWidth).

    Raises ModelError where stride, dilation or kernel are not positive.
    """
    if min(stride, dilation, kernel) < 1:
        raise ModelError(f"a window of {kernel} with stride {stride} and dilation {dilation}: all must be at least 1")
    reach = (kernel - 1) * dilation + 1
    before = attributes.extra_before[axis]
    padded = size + before + attributes.extra_after[axis]
    if attributes.padding is Padding.VALID:
        return (padded - reach) // stride + 1 if padded >= reach else 0, before
    output = -(-padded // stride)
    return output, before + max(0, (output - 1) * stride + reach - padded) // 2


def strides_are_positive(view: View) -> str:
    """Strides and dilations are between 1 and 32767."""
    attributes = view.node.attributes_as(WindowAttributes)
    values = (*attributes.stride, *attributes.dilation)
    return "" if all(1 <= value <= MAX_DIMENSION for value in values) else f"stride and dilation are {values}"


def nhwc(view: View) -> str:
    """Input and output are [batch, height, width, channels], the batch at most 64, other dimensions at most 32767."""
    for tensor in (view.input(), view.output):
        if len(tensor.shape) != 4 or tensor.shape[0] > MAX_BATCH or max(tensor.shape) > MAX_DIMENSION:
            return f'tensor "{tensor.name}" is {tensor}'
    batches = view.input().shape[0], view.output.shape[0]
    return "" if batches[0] == batches[1] else f"the batches are {batches[0]} and {batches[1]}"


def shape_mismatch(view: View, kernel: Pair, channels: int) -> str:
    """What is wrong with the output's shape, for a window of `kernel` that makes `channels`."""
    attributes = view.node.attributes_as(WindowAttributes)
    if max(kernel) > MAX_DIMENSION:
        return f"the window is {kernel[0]}x{kernel[1]}"
    sizes = [
        slide(
            view.input().shape[1 + axis],
            kernel[axis],
            attributes.stride[axis],
            attributes.dilation[axis],
            attributes,
            axis,
        )
        for axis in (0, 1)
    ]
    expected = (view.input().shape[0], sizes[0][0], sizes[1][0], channels)
    if max(pad for _, pad in sizes) > MAX_DIMENSION:
        return "the padding is larger than 32767"
    return "" if view.output.shape == expected else f"the output is {view.output}, where {list(expected)} follows"
