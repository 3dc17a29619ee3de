"""REVERSE_V2: some axes run backwards."""

from __future__ import annotations

from mlforge.compiler.graph import Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Lowered, Operator, Options, View, same_shape
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.shared.movement import (
    constant_integers,
    dense_copy,
    input_is_activation,
    integers,
    lower_copy,
    rank_is_moderate,
    resolved_axis,
    same_type,
    strides,
)


def axes_fit(view: View) -> str:
    """The axes are constant int32, within the input's dimensions."""
    if problem := constant_integers(view, 1, "axes"):
        return problem
    rank = len(view.input().shape)
    bad = [axis for axis in integers(view, 1) if resolved_axis(axis, rank) is None]
    return f"the axes are {list(integers(view, 1))} of {view.input()}" if bad else ""


class ReverseV2(Operator):
    kind = "REVERSE_V2"
    inputs = (2, 2)
    constraints = (input_is_activation, same_type, same_shape, rank_is_moderate, axes_fit)

    def read(self, options: Options) -> Attributes:
        return ElementwiseAttributes()

    def lower(self, view: View, isa: Isa) -> Lowered:
        shape = view.input().shape
        backwards = {resolved_axis(axis, len(shape)) for axis in integers(view, 1)}
        steps = strides(shape, view.input().dtype.size_bytes)
        start = sum((shape[axis] - 1) * step for axis, step in enumerate(steps) if axis in backwards)
        signed = [-step if axis in backwards else step for axis, step in enumerate(steps)]
        return lower_copy(view, dense_copy(view.output, signed, start))
