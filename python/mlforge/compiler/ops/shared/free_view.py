"""What RESHAPE, SQUEEZE and EXPAND_DIMS have in common: other shapes for the same bytes, so nothing runs."""

from __future__ import annotations

from dataclasses import dataclass

from mlforge.compiler.graph import Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Operator, Options, Part, View


@dataclass(frozen=True, slots=True)
class ReshapeAttributes(Attributes):
    """Nothing: the output tensor's own shape counts."""


def same_elements(view: View) -> str:
    """The input is an activation; the output has its type and as many elements."""
    a, b = view.input(), view.output
    if a.is_constant:
        return f'tensor "{a.name}" is constant'
    return "" if a.dtype is b.dtype and a.elements == b.elements else f"they are {a} and {b}"


class FreeView(Operator):
    constraints = (same_elements,)

    def read(self, options: Options) -> Attributes:
        return ReshapeAttributes()

    def parts(self, view: View) -> tuple[Part, ...]:
        return (Part(view.node.outputs[0], view.node.inputs[0]),)

    def lower(self, view: View, isa: Isa) -> None:
        return None
