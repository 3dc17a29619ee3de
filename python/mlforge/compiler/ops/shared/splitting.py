"""What SPLIT and SPLIT_V have in common. Free where each piece lies together in the input, else copies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mlforge.compiler.graph import Attributes, Tensor
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Lowered, Operator, Options, Part, View
from mlforge.compiler.ops.shared.movement import constant_integers, integers, resolved_axis
from mlforge.compiler.ops.shared.pieces import Pieces, apart, parts_of, pieces_along


@dataclass(frozen=True, slots=True)
class SplitAttributes(Attributes):
    """Nothing: the outputs say how many there are."""


class Splitting(Operator):
    """`source` and `axis` are the positions of two inputs."""

    source: ClassVar[int]
    axis: ClassVar[int]
    outputs = (1, 256)

    def read(self, options: Options) -> Attributes:
        return SplitAttributes()

    def parts(self, view: View) -> tuple[Part, ...]:
        return parts_of(view, view.node.inputs[self.source], self.pieces(view), view.node.outputs)

    def lower(self, view: View, isa: Isa) -> Lowered:
        return apart(view, self.source, self.pieces(view))

    def pieces(self, view: View) -> Pieces:
        tensor = view.input(self.source)
        axis = resolved_axis(integers(view, self.axis)[0], len(tensor.shape))
        return pieces_along(axis or 0, tensor.shape, view.results)


def mismatch(view: View, tensor: Tensor, axis_input: int, *, equal: bool) -> str:
    """What is wrong with the axis or the outputs of a split of `tensor`."""
    if tensor.is_constant:
        return f'tensor "{tensor.name}" is constant'
    if problem := constant_integers(view, axis_input, "axis", 1):
        return problem
    axis = resolved_axis(integers(view, axis_input)[0], len(tensor.shape))
    if axis is None:
        return f"the axis is {integers(view, axis_input)[0]} of {tensor}"
    for one in view.results:
        expected = (*tensor.shape[:axis], one.shape[axis] if len(one.shape) > axis else 0, *tensor.shape[axis + 1 :])
        if one.dtype is not tensor.dtype or one.shape != expected:
            return f'output "{one.name}" is {one} of {tensor}'
    sizes = [one.shape[axis] for one in view.results]
    if sum(sizes) != tensor.shape[axis] or (equal and len(set(sizes)) != 1):
        return f"the outputs have {sizes} of {tensor} along axis {axis}"
    return ""
