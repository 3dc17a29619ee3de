"""BROADCAST_TO: dimensions of size 1 are repeated."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mlforge.compiler.graph import Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Lowered, Operator, Options, View
from mlforge.compiler.ops.shared.movement import (
    constant_integers,
    dense_copy,
    input_is_activation,
    integers,
    lower_copy,
    rank_is_moderate,
    same_type,
    strides,
)


@dataclass(frozen=True, slots=True)
class BroadcastToAttributes(Attributes):
    """Nothing: the shape is the second input."""


def shape_fits(view: View) -> str:
    """The shape is constant int32 and the output's; each of the input's dimensions, from the last, is 1 or the same."""
    if problem := constant_integers(view, 1, "shape", len(view.output.shape)):
        return problem
    source, shape = view.input().shape, view.output.shape
    missing = len(shape) - len(source)
    fits = missing >= 0 and all(a in (1, b) for a, b in zip(source, shape[missing:], strict=True))
    return (
        "" if fits and integers(view, 1) == shape else f"{view.input()} to {list(integers(view, 1))} as {view.output}"
    )


class BroadcastTo(Operator):
    kind = "BROADCAST_TO"
    inputs = (2, 2)
    constraints = (input_is_activation, same_type, rank_is_moderate, shape_fits)

    def read(self, options: Options) -> Attributes:
        return BroadcastToAttributes()

    def lower(self, view: View, isa: Isa) -> Lowered:
        source = view.input()
        missing = (0,) * (len(view.output.shape) - len(source.shape))
        steps = strides(source.shape, source.dtype.size_bytes)
        repeated = tuple(0 if size == 1 else step for size, step in zip(source.shape, steps, strict=True))
        return replace(lower_copy(view, dense_copy(view.output, missing + repeated)), note="repeated")
