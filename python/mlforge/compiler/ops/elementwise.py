"""Element-wise functions of one int8: the compiler works out all 256 results, the kernel looks them up."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mlforge.compiler.fixed_point import Ints
from mlforge.compiler.graph import Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.contract import (
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


@dataclass(frozen=True, slots=True)
class ElementwiseAttributes(Attributes):
    """Nothing."""


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
        results = self.results(view, np.arange(-128, 128, dtype=np.int64))
        return Lowered(
            kernel="mlforge_lookup_s8",
            parameters_type="mlforge_lookup",
            parameters={
                "count": view.input().elements,
                "table": Constant("table", np.clip(results, -128, 127).astype(np.int8)),
            },
            inputs=view.node.inputs,
            outputs=view.node.outputs,
            in_place=frozenset(view.node.inputs),
        )
