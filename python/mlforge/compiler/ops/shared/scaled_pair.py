"""ADD, SUB and SQUARED_DIFFERENCE: inputs brought to a common scale, combined, and scaled to the output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlforge.compiler.fixed_point import (
    Activation,
    Ints,
    Multiplier,
    apply_multiplier,
    quantize_multiplier,
)
from mlforge.compiler.graph import Attributes
from mlforge.compiler.ops.operator import Field, View, output_stage, stage_shift
from mlforge.compiler.ops.shared.integers import is_int8, limits_of


@dataclass(frozen=True, slots=True)
class ArithmeticAttributes(Attributes):
    activation: Activation = Activation.NONE


@dataclass(frozen=True, slots=True)
class ScaledPair:
    """The three multipliers, and the bits that come in front of an input before it is scaled."""

    bits: int
    first: Multiplier
    second: Multiplier
    output: Multiplier

    @classmethod
    def of(cls, bits: int, factors: tuple[float, float, float]) -> ScaledPair:
        return cls(bits, *(quantize_multiplier(factor) for factor in factors))

    def scaled(self, view: View, a: Ints, b: Ints) -> tuple[Ints, Ints]:
        """Both inputs on the common scale."""
        centred = (a - view.input_quantization(0).zero_point, b - view.input_quantization(1).zero_point)
        return (
            apply_multiplier(centred[0] << self.bits, self.first),
            apply_multiplier(centred[1] << self.bits, self.second),
        )

    def finished(self, view: View, combined: Ints) -> Ints:
        """From what the two were combined to, to results."""
        return finished(view, combined, self.output)

    def parameters(self, view: View) -> Mapping[str, Field]:
        """The fields of struct mlforge_scaled_pair but `walk`."""
        low, high = result_range(view)
        return {
            "zero_point_1": view.input_quantization(0).zero_point,
            "zero_point_2": view.input_quantization(1).zero_point,
            "shift_1": self.first.shift,
            "shift_2": self.second.shift,
            "shift_output": stage_shift(self.output, low, high) if is_int8(view) else self.output.shift,
            "stage": output_stage(low, high, view.output_quantization.zero_point),
            "multiplier_1": self.first.value,
            "multiplier_2": self.second.value,
            "multiplier_output": self.output.value,
        }


def finished(view: View, accumulators: Ints, multiplier: Multiplier) -> Ints:
    """Requantised, moved to the output's zero point, and clamped as the fused activation wants it."""
    low, high = result_range(view)
    result: Ints = apply_multiplier(accumulators, multiplier) + view.output_quantization.zero_point
    return result.clip(low, high)


def result_range(view: View) -> tuple[int, int]:
    """Smallest and largest result, by the fused activation where the operator has one."""
    attributes = view.node.attributes
    return limits_of(view, attributes.activation if isinstance(attributes, ArithmeticAttributes) else Activation.NONE)
