"""Element-wise functions of one int8: the compiler works out all 256 results, the kernel looks them up."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from mlforge.compiler.fixed_point import INT8_MAX, INT8_MIN, Ints
from mlforge.compiler.graph import Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import (
    Constant,
    Constraint,
    Lowered,
    Operator,
    Options,
    View,
    input_is_int8,
    output_is_int8,
    same_shape,
)

ALL_VALUES: Final[Ints] = np.arange(INT8_MIN, INT8_MAX + 1, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class ElementwiseAttributes(Attributes):
    """Nothing."""


def ratio_is_moderate(view: View) -> str:
    """The input's scale is at most 2^30 times the output's."""
    a, b = view.input_quantization().scale, view.output_quantization.scale
    return "" if a <= b * (1 << 30) else f"the scales are {a:.9g} and {b:.9g}"


class Elementwise(Operator):
    """One input, one output of the same shape. A subclass says what each value becomes."""

    inputs = (1, 1)
    constraints: ClassVar[tuple[Constraint, ...]] = (input_is_int8, output_is_int8, same_shape)

    @abstractmethod
    def results(self, view: View, values: Ints) -> Ints:
        """The results for `values` (int64[256], -128 to 127 in order); they are clamped to int8 afterwards."""

    def read(self, options: Options) -> Attributes:
        return ElementwiseAttributes()

    def lower(self, view: View, isa: Isa) -> Lowered:
        return lookup(view, view.node.inputs[0], self.results(view, ALL_VALUES))


def lookup(view: View, source: int, results: Ints) -> Lowered:
    """The call that turns each value of tensor `source` into its result; `results` is int64[256], clamped here."""
    return Lowered(
        kernel="mlforge_lookup_s8",
        parameters_type="mlforge_lookup",
        parameters={
            "count": view.output.elements,
            "table": Constant("table", np.clip(results, INT8_MIN, INT8_MAX).astype(np.int8)),
        },
        inputs=(source,),
        outputs=view.node.outputs,
        in_place=frozenset({source}),
    )
