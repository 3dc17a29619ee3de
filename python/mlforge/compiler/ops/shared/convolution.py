"""What CONV_2D, DEPTHWISE_CONV_2D and TRANSPOSE_CONV are alike in: one base class, and one way to their calls.

They differ in where the tensors stand among the inputs, in the axis of the weights that the output channels run along,
and in the walk. What comes behind a sum is the same for all.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.fixed_point import Activation, Ints
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.by_isa.dsp import Channels, without_dead
from mlforge.compiler.ops.operator import Constant, Field, Lowered, Operator, View, output_stage
from mlforge.compiler.ops.shared.batches import each_picture
from mlforge.compiler.ops.shared.int16_sums import channels_of, is_wide
from mlforge.compiler.ops.shared.integers import SUFFIXES, is_int8, limits_of
from mlforge.compiler.ops.shared.overlap import PIXELS_IN_FLIGHT, window_overlap
from mlforge.compiler.ops.shared.weights import channel_multipliers, constant_array, multipliers_of
from mlforge.compiler.ops.shared.window import Pair, Window, WindowAttributes, window_of


@dataclass(frozen=True, slots=True)
class Places:
    """Where a convolution has its tensors among the inputs, and its output channels among the weights' axes."""

    source: int = 0
    bias: int = 2
    axis: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A convolution of one picture, for a node that has passed `check`."""

    view: View
    places: Places
    weights: NDArray[np.int64]  # constant input 1, widened

    @classmethod
    def of(cls, view: View, places: Places) -> Layer:
        return cls(view, places, constant_array(view, 1))

    @property
    def attributes(self) -> WindowAttributes:
        return self.view.node.attributes_as(WindowAttributes)

    @property
    def activation(self) -> Activation:
        return self.attributes.activation

    @property
    def source(self) -> int:
        """The tensor that the layer reads."""
        return self.view.node.inputs[self.places.source]

    @property
    def inputs(self) -> int:
        """Input channels."""
        return self.view.input(self.places.source).shape[3]

    @property
    def outputs(self) -> int:
        """Output channels."""
        return int(self.weights.shape[self.places.axis])

    @property
    def kernel(self) -> Pair:
        """Height and width."""
        return self.weights.shape[1], self.weights.shape[2]

    @property
    def window(self) -> Window:
        """Its walk over the input, for windows that slide there."""
        return window_of(self.view, self.kernel).canonical()

    @property
    def limits(self) -> tuple[int, int]:
        """Smallest and largest result."""
        return limits_of(self.view, self.activation)

    @property
    def zero_points(self) -> tuple[int, int]:
        """Of the input and of the output."""
        return self.view.input_quantization(self.places.source).zero_point, self.view.output_quantization.zero_point

    @property
    def bias(self) -> Ints:
        """As the model has it, int64[outputs]."""
        if self.view.has_input(self.places.bias):
            return constant_array(self.view, self.places.bias)
        return np.zeros(self.outputs, np.int64)

    @property
    def folded_bias(self) -> Ints:
        """bias - input zero point * the sum of a channel's weights, int64[outputs]."""
        others = tuple(axis for axis in range(self.weights.ndim) if axis != self.places.axis)
        folded: Ints = self.bias - self.zero_points[0] * self.weights.sum(axis=others)
        return folded

    def channels(self, rows: Ints) -> Channels:
        """The output channels for kernels of a kind of core; `rows` are the weights as [outputs, values]."""
        multipliers = tuple(multipliers_of(self.view, self.outputs, self.places.source))
        return without_dead(Channels(rows, self.folded_bias, multipliers), self.zero_points[1], *self.limits)

    def overlap(self, in_flight: int = PIXELS_IN_FLIGHT) -> Mapping[int, int]:
        """For a kernel that makes pixel after pixel; see `window_overlap`."""
        size = self.view.output.dtype.size_bytes
        return window_overlap(self.source, self.window, self.inputs * size, self.outputs * size, in_flight)

    def sums(self, bias: Ints) -> Mapping[str, Field]:
        """Weights, and what happens to a sum that starts at `bias`: the fields that the portable kernels share."""
        weights = Constant("weights", self.weights.astype(np.int8))
        if is_int8(self.view):
            multiplier, shift = channel_multipliers(self.view, self.outputs, *self.limits, self.places.source)
            return {
                "input_zero_point": self.zero_points[0],
                "stage": output_stage(*self.limits, self.zero_points[1]),
                "weights": weights,
                "bias": Constant("bias", bias.astype(np.uint32).astype(np.int32)),
                "multiplier": multiplier,
                "shift": shift,
            }
        multipliers = multipliers_of(self.view, self.outputs, self.places.source)
        wide = is_wide(self.view, self.attributes.bias_type, self.places.bias)
        return {
            "weights": weights,
            "channels": channels_of(self.view, multipliers, self.activation, wide, self.places.bias),
        }

    def call(self, what: str, parameters: Mapping[str, Field], positions: int, **more: Any) -> Lowered:
        """The call of mlforge_`what`_s8 or _s16 with a struct mlforge_`what`, or mlforge_`what`_s16.

        Args:
            what: the kernel's name without prefix and suffix.
            parameters: of its struct.
            positions: how often each weight is used.
            more: further fields of Lowered.
        """
        suffix = SUFFIXES[self.view.output.dtype]
        return Lowered(
            kernel=f"mlforge_{what}_{suffix}",
            parameters_type=f"mlforge_{what}" if is_int8(self.view) else f"mlforge_{what}_{suffix}",
            parameters=parameters,
            inputs=(self.source,),
            outputs=self.view.node.outputs,
            macs=positions * prod(self.weights.shape),
            **more,
        )


class Convolution(Operator):
    """A subclass says where its tensors are, and lowers one picture."""

    places: ClassVar[Places] = Places()

    def lower(self, view: View, isa: Isa) -> Lowered:
        return each_picture(view, lambda one: self.lower_layer(Layer.of(one, self.places), isa), self.places.source)

    @abstractmethod
    def lower_layer(self, layer: Layer, isa: Isa) -> Lowered:
        """For a batch of 1."""
