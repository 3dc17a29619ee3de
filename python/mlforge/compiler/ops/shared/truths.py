"""LOGICAL_AND, LOGICAL_OR and LOGICAL_NOT. Of truths, which are 0 or 1, "and" is the smaller and "or" the larger."""

from __future__ import annotations

from typing import ClassVar

from mlforge.compiler.graph import Attributes, DType
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Constant, Constraint, Lowered, Operator, Options, View
from mlforge.compiler.ops.shared.broadcast import activations, is_full, shapes_fit, walk_of
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.shared.movement import bytes_of


def all_are_bool(view: View) -> str:
    """Inputs and output are bool; at least one input is no constant."""
    tensors = [view.input(position) for position in range(len(view.node.inputs))]
    if all(tensor.is_constant for tensor in tensors):
        return "all inputs are constant"
    wrong = [tensor for tensor in (*tensors, view.output) if tensor.dtype is not DType.BOOL]
    return f'tensor "{wrong[0].name}" is {wrong[0]}' if wrong else ""


class Truths(Operator):
    """Of two inputs; a subclass says whether the smaller or the larger counts."""

    inputs = (2, 2)
    constraints: ClassVar[tuple[Constraint, ...]] = (all_are_bool, shapes_fit)
    flip: ClassVar[int]  # of struct mlforge_maximum

    def read(self, options: Options) -> Attributes:
        return ElementwiseAttributes()

    def lower(self, view: View, isa: Isa) -> Lowered:
        tables = {
            position: Constant(f"input_{position + 1}", bytes_of(view.input(position)))
            for position in (0, 1)
            if view.input(position).is_constant
        }
        return Lowered(
            kernel="mlforge_maximum_s8",
            parameters_type="mlforge_maximum",
            parameters={"walk": walk_of(view), "flip": self.flip},
            inputs=activations(view),
            outputs=view.node.outputs,
            in_place=frozenset(index for index in activations(view) if is_full(view, index)),
            constant_inputs=tables,
        )
