"""SLICE. Free where the piece lies together in the input, at a multiple of four bytes."""

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
class SliceAttributes(Attributes):
    """Nothing: begin and size are inputs."""


def piece_fits(view: View) -> str:
    """Begin and size are constant int32, one for each dimension; a size of -1 is the rest; the piece lies inside."""
    shape = view.input().shape
    for position, what in ((1, "begin"), (2, "size")):
        if problem := constant_integers(view, position, what, len(shape)):
            return problem
    begin, size = integers(view, 1), integers(view, 2)
    expected = tuple(
        whole - start if size == -1 else size for whole, start, size in zip(shape, begin, size, strict=True)
    )
    pieces = zip(shape, begin, expected, strict=True)
    if any(start < 0 or size < 1 or start + size > whole for whole, start, size in pieces):
        return f"begin is {list(begin)} and size {list(size)} of {view.input()}"
    return "" if view.output.shape == expected else f"the output is {view.output}, where {list(expected)} follows"


class Slice(Operator):
    kind = "SLICE"
    inputs = (3, 3)
    constraints = (input_is_activation, same_type, rank_is_moderate, piece_fits)

    def read(self, options: Options) -> Attributes:
        return SliceAttributes()

    def parts(self, view: View) -> tuple[Part, ...]:
        copy = _copy(view)
        return (Part(view.node.outputs[0], view.node.inputs[0], copy.input_start),) if copy.is_one_run else ()

    def lower(self, view: View, isa: Isa) -> Lowered:
        return lower_copy(view, _copy(view))


def _copy(view: View) -> Copy:
    steps = strides(view.input().shape, view.input().dtype.size_bytes)
    return dense_copy(
        view.output, steps, sum(start * step for start, step in zip(integers(view, 1), steps, strict=True))
    )
