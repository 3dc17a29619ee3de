"""FILL: one value everywhere."""

from __future__ import annotations

from dataclasses import dataclass

from mlforge.compiler.graph import Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Lowered, Operator, Options, View
from mlforge.compiler.ops.shared.movement import constant_integers, dense_copy, integers, lower_copy, rank_is_moderate


@dataclass(frozen=True, slots=True)
class FillAttributes(Attributes):
    """Nothing: shape and value are inputs."""


def shape_fits(view: View) -> str:
    """The first input is constant int32, and the output's shape."""
    if problem := constant_integers(view, 0, "shape", len(view.output.shape)):
        return problem
    return "" if integers(view, 0) == view.output.shape else f"{list(integers(view, 0))} for {view.output}"


def value_fits(view: View) -> str:
    """The second input is one value of the output's type."""
    value = view.input(1)
    return "" if value.elements == 1 and value.dtype is view.output.dtype else f"the value is {value} for {view.output}"


class Fill(Operator):
    kind = "FILL"
    inputs = (2, 2)
    constraints = (rank_is_moderate, shape_fits, value_fits)

    def read(self, options: Options) -> Attributes:
        return FillAttributes()

    def lower(self, view: View, isa: Isa) -> Lowered:
        return lower_copy(view, dense_copy(view.output, (0,) * len(view.output.shape)), source=1)
