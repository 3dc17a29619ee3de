"""What AVERAGE_POOL_2D and MAX_POOL_2D have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tflite.Pool2DOptions import Pool2DOptions

from mlforge.compiler.fixed_point import activation_range
from mlforge.compiler.graph import Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.contract import (
    Lowered,
    Operator,
    Options,
    View,
    input_is_int8,
    output_is_int8,
    read_activation,
    same_quantization,
)
from mlforge.compiler.ops.overlap import window_overlap
from mlforge.compiler.ops.window import (
    Pair,
    WindowAttributes,
    pictures,
    read_padding,
    shape_mismatch,
    strides_are_positive,
    window_of,
)
from mlforge.errors import UnsupportedOperatorError

_MAX_TAPS = 1 << 22  # their sum fits 32 bits
_DSP_CHANNELS = 4  # that a word holds


@dataclass(frozen=True, slots=True)
class PoolAttributes(WindowAttributes):
    size: Pair = (1, 1)


def window_fits(view: View) -> str:
    """The window has 1 to 4194304 elements, and the output the size that follows from it, stride and padding."""
    size = view.node.attributes_as(PoolAttributes).size
    if min(size) < 1 or size[0] * size[1] > _MAX_TAPS:
        return f"the window is {size[0]}x{size[1]}"
    return shape_mismatch(view, size, view.input().shape[3])


class Pool(Operator):
    """A pool of either kind; `kernel` is its C function, `dsp_kernel` that for Isa.DSP and at least four channels."""

    kernel: ClassVar[str]
    dsp_kernel: ClassVar[str]
    options = "Pool2DOptions"
    inputs = (1, 1)
    constraints = (input_is_int8, output_is_int8, pictures, strides_are_positive, window_fits, same_quantization)

    def read(self, options: Options) -> Attributes:
        if options is None:
            raise UnsupportedOperatorError(self.kind, "it has no options", hint="accepted: a window of at least 1x1")
        table = Pool2DOptions()
        table.Init(options.Bytes, options.Pos)
        return PoolAttributes(
            stride=(table.StrideH(), table.StrideW()),
            padding=read_padding(self.kind, table.Padding()),
            activation=read_activation(self.kind, table.FusedActivationFunction()),
            size=(table.FilterHeight(), table.FilterWidth()),
        )

    def lower(self, view: View, isa: Isa) -> Lowered:
        attributes = view.node.attributes_as(PoolAttributes)
        window = window_of(view, attributes.size).canonical()
        channels = view.input().shape[3]
        quantization = view.output_quantization
        low, high = activation_range(attributes.activation, quantization.scale, quantization.zero_point)
        return Lowered(
            kernel=self.dsp_kernel if isa.has_dsp and channels >= _DSP_CHANNELS else self.kernel,
            parameters_type="mlforge_pool_2d",
            parameters={"window": window.fields(), "channels": channels, "low": low, "high": high},
            inputs=view.node.inputs[:1],
            outputs=view.node.outputs,
            note=str(window),
            overlap=window_overlap(view.node.inputs[0], window, channels, channels),
        )
