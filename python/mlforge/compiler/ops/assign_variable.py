"""ASSIGN_VARIABLE: keeps a tensor for the next inference, in a resource variable."""

from __future__ import annotations

from dataclasses import replace

from mlforge.compiler.graph import ASSIGN_VARIABLE, Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Constant, Lowered, Operator, Options, View
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.shared.movement import Copy, bytes_of, copy_call

_STATE = 1


def value_fits(view: View) -> str:
    """The value has as many bytes as the variable, and its type."""
    a, b = view.input(), view.input(_STATE)
    return "" if b.is_variable and a.dtype is b.dtype and a.elements == b.elements else f"it is {a}, the variable {b}"


class AssignVariable(Operator):
    kind = ASSIGN_VARIABLE
    inputs = (2, 2)
    outputs = (0, 0)
    states = (_STATE,)
    constraints = (value_fits,)

    def read(self, options: Options) -> Attributes:
        return ElementwiseAttributes()

    def lower(self, view: View, isa: Isa) -> Lowered:
        tensor, (value, state) = view.input(), view.node.inputs
        source = Constant("input0", bytes_of(tensor)) if tensor.is_constant else value
        call = copy_call(Copy(tensor.size_bytes, ()), source, state)
        return replace(call, states=(state,), outputs=())
