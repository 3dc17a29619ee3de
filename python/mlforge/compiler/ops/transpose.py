"""TRANSPOSE. Free where only dimensions of size 1 change places."""

from __future__ import annotations

from dataclasses import dataclass

from mlforge.compiler.graph import Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Lowered, Operator, Options, Part, View
from mlforge.compiler.ops.shared.movement import (
    Copy,
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
class TransposeAttributes(Attributes):
    """Nothing: the permutation is the second input."""


def permutation_fits(view: View) -> str:
    """The permutation is constant int32, has every axis once, and leads to the output's shape."""
    shape = view.input().shape
    if problem := constant_integers(view, 1, "permutation", len(shape)):
        return problem
    permutation = integers(view, 1)
    if sorted(permutation) != list(range(len(shape))):
        return f"the permutation is {list(permutation)}"
    expected = tuple(shape[axis] for axis in permutation)
    return "" if view.output.shape == expected else f"the output is {view.output}, where {list(expected)} follows"


class Transpose(Operator):
    kind = "TRANSPOSE"
    inputs = (2, 2)
    constraints = (input_is_activation, same_type, rank_is_moderate, permutation_fits)

    def read(self, options: Options) -> Attributes:
        return TransposeAttributes()

    def parts(self, view: View) -> tuple[Part, ...]:
        return (Part(view.node.outputs[0], view.node.inputs[0]),) if _copy(view).is_one_run else ()

    def lower(self, view: View, isa: Isa) -> Lowered:
        return lower_copy(view, _copy(view))


def _copy(view: View) -> Copy:
    steps = strides(view.input().shape, view.input().dtype.size_bytes)
    return dense_copy(view.output, [steps[axis] for axis in integers(view, 1)])
