"""What AVERAGE_POOL_2D and MAX_POOL_2D have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tflite.Pool2DOptions import Pool2DOptions

from mlforge.compiler.graph import Attributes, DType
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import (
    Lowered,
    Operator,
    Options,
    View,
    read_activation,
    same_quantization,
    without_options,
)
from mlforge.compiler.ops.shared.batches import each_picture
from mlforge.compiler.ops.shared.integers import SUFFIXES, input_is_integer, is_int8, limits_of, output_is_alike
from mlforge.compiler.ops.shared.overlap import window_overlap
from mlforge.compiler.ops.shared.window import (
    Pair,
    WindowAttributes,
    nhwc,
    read_padding,
    shape_mismatch,
    strides_are_positive,
    window_of,
)

_MAX_TAPS = {DType.INT8: 1 << 22, DType.INT16: (1 << 16) - 1}  # their sum fits 32 bits
_DSP_CHANNELS = 4  # that a word holds


@dataclass(frozen=True, slots=True)
class PoolAttributes(WindowAttributes):
    size: Pair = (1, 1)


def window_fits(view: View) -> str:
    """The window has 1 to 4194304 elements (int16: 65535), and the output the size that follows from it."""
    size = view.node.attributes_as(PoolAttributes).size
    if min(size) < 1 or size[0] * size[1] > _MAX_TAPS[view.input().dtype]:
        return f"the window is {size[0]}x{size[1]}"
    return shape_mismatch(view, size, view.input().shape[3])


class Pool(Operator):
    """A pool of either kind; `kernel` is its C function."""

    kernel: ClassVar[str]  # without mlforge_ and the suffix for the type
    options = "Pool2DOptions"
    inputs = (1, 1)
    constraints = (input_is_integer, output_is_alike, nhwc, strides_are_positive, window_fits, same_quantization)

    def read(self, options: Options) -> Attributes:
        if options is None:
            raise without_options(self.kind, "a window, strides and a padding")
        table = Pool2DOptions()
        table.Init(options.Bytes, options.Pos)
        return PoolAttributes(
            stride=(table.StrideH(), table.StrideW()),
            padding=read_padding(self.kind, table.Padding()),
            activation=read_activation(self.kind, table.FusedActivationFunction()),
            size=(table.FilterHeight(), table.FilterWidth()),
        )

    def lower(self, view: View, isa: Isa) -> Lowered:
        return each_picture(view, lambda one: self._lower_picture(one, isa))

    def _lower_picture(self, view: View, isa: Isa) -> Lowered:
        attributes = view.node.attributes_as(PoolAttributes)
        window = window_of(view, attributes.size).canonical()
        channels = view.input().shape[3]
        low, high = limits_of(view, attributes.activation)
        pixel_bytes = channels * view.input().dtype.size_bytes
        return Lowered(
            kernel=self._kernel(view, isa),
            parameters_type="mlforge_pool_2d" if is_int8(view) else "mlforge_pool_2d_s16",
            parameters={"window": window.fields(), "channels": channels, "low": low, "high": high},
            inputs=view.node.inputs[:1],
            outputs=view.node.outputs,
            note=str(window),
            overlap=window_overlap(view.node.inputs[0], window, pixel_bytes, pixel_bytes),
        )

    def _kernel(self, view: View, isa: Isa) -> str:
        """That for DSP has a use for at least four channels of int8."""
        fast = isa.has_dsp and is_int8(view) and view.input().shape[3] >= _DSP_CHANNELS
        return f"mlforge_{'dsp_' if fast else ''}{self.kernel}_{SUFFIXES[view.input().dtype]}"
