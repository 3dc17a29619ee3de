"""READ_VARIABLE: what a resource variable has been assigned."""

from __future__ import annotations

from dataclasses import replace

from mlforge.compiler.graph import READ_VARIABLE, Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Lowered, Operator, Options, View
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.shared.movement import Copy, copy_call


def variable_is_alike(view: View) -> str:
    """The variable has as many bytes as the output, and its type."""
    a, b = view.input(), view.output
    return "" if a.is_variable and a.dtype is b.dtype and a.elements == b.elements else f"it is {a}, the output {b}"


class ReadVariable(Operator):
    kind = READ_VARIABLE
    inputs = (1, 1)
    states = (0,)
    constraints = (variable_is_alike,)

    def read(self, options: Options) -> Attributes:
        return ElementwiseAttributes()

    def lower(self, view: View, isa: Isa) -> Lowered:
        state = view.node.inputs[0]
        call = copy_call(Copy(view.output.size_bytes, ()), state, view.node.outputs[0])
        return replace(call, inputs=(), states=(state,))
