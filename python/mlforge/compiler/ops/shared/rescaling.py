"""RELU, RELU6, LEAKY_RELU and ABS: straight lines on either side of zero. A table does it for int8."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from mlforge.compiler.fixed_point import Ints, Multiplier, apply_multiplier
from mlforge.compiler.graph import Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Constraint, Lowered, Operator, Options, View, same_shape
from mlforge.compiler.ops.shared.elementwise import ALL_VALUES, ElementwiseAttributes, lookup, ratio_is_moderate
from mlforge.compiler.ops.shared.integers import input_is_integer, is_int8, output_is_alike

ONE: Final = Multiplier(1 << 30, 1)  # exactly
NOTHING: Final = Multiplier(0, 0)


@dataclass(frozen=True, slots=True)
class Lines:
    """The input less its zero point is made `absolute`, then multiplied by its sign; then comes the zero point."""

    positive: Multiplier
    negative: Multiplier
    zero_point: int
    low: int
    high: int
    absolute: bool = False


class Rescaling(Operator):
    """A subclass says which lines."""

    inputs = (1, 1)
    constraints: ClassVar[tuple[Constraint, ...]] = (input_is_integer, output_is_alike, same_shape, ratio_is_moderate)

    @abstractmethod
    def lines(self, view: View) -> Lines:
        """What becomes of values. The zero point is 0 for int16."""

    def read(self, options: Options) -> Attributes:
        return ElementwiseAttributes()

    def lower(self, view: View, isa: Isa) -> Lowered:
        lines = self.lines(view)
        if is_int8(view):
            return lookup(view, view.node.inputs[0], _results(lines, ALL_VALUES - view.input_quantization().zero_point))
        return Lowered(
            kernel="mlforge_rescale_s16",
            parameters_type="mlforge_rescale",
            parameters={
                "count": view.output.elements,
                "low": lines.low,
                "high": lines.high,
                "absolute": int(lines.absolute),
                "shift_positive": lines.positive.shift,
                "shift_negative": lines.negative.shift,
                "multiplier_positive": lines.positive.value,
                "multiplier_negative": lines.negative.value,
            },
            inputs=view.node.inputs,
            outputs=view.node.outputs,
            in_place=frozenset(view.node.inputs),
        )


def _results(lines: Lines, values: Ints) -> Ints:
    x = np.abs(values) if lines.absolute else values
    y: Ints = np.where(x >= 0, apply_multiplier(x, lines.positive), apply_multiplier(x, lines.negative))
    return (y + lines.zero_point).clip(lines.low, lines.high)
