"""A ring in place: a variable with the last columns of a tensor, of which the newest are written where they belong.

PUT_COLUMNS gives the new columns their place at its end, ALL_COLUMNS is what everybody reads, and KEEP_COLUMNS, when
all have read, moves the columns to the front by as many as were new.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mlforge.compiler.graph import ALL_COLUMNS, COUNT_HOPS, KEEP_COLUMNS, PUT_COLUMNS, Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Lowered, Operator, Options, Part, View
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.shared.movement import Copy, copy_call


@dataclass(frozen=True, slots=True)
class CountAttributes(Attributes):
    """`first`: the inference with the first result, counted from 1."""

    first: int = 1


@dataclass(frozen=True, slots=True)
class KeepAttributes(Attributes):
    """`new_bytes`: of the columns that each inference adds."""

    new_bytes: int = 0


class _Internal(Operator):
    constraints = ()

    def read(self, options: Options) -> Attributes:
        return ElementwiseAttributes()


class PutColumns(_Internal):
    """Inputs: the new columns, the variable. A copy runs where the new columns lie elsewhere for another reason."""

    kind = PUT_COLUMNS
    inputs = (2, 2)
    outputs = (0, 0)
    states = (1,)

    def parts(self, view: View) -> tuple[Part, ...]:
        return (Part(view.node.inputs[0], view.node.inputs[1], _start(view)),)

    def lower(self, view: View, isa: Isa) -> Lowered:
        new, state = view.node.inputs
        call = copy_call(Copy(view.input().size_bytes, (), output_start=_start(view)), new, state)
        return replace(call, states=(state,), outputs=())


def _start(view: View) -> int:
    return view.input(1).size_bytes - view.input().size_bytes


class AllColumns(_Internal):
    kind = ALL_COLUMNS
    inputs = (1, 1)
    states = (0,)

    def parts(self, view: View) -> tuple[Part, ...]:
        return (Part(view.node.outputs[0], view.node.inputs[0]),)

    def lower(self, view: View, isa: Isa) -> None:
        return None


class KeepColumns(_Internal):
    kind = KEEP_COLUMNS
    inputs = (1, 1)
    outputs = (0, 0)
    states = (0,)

    def lower(self, view: View, isa: Isa) -> Lowered:
        new = view.node.attributes_as(KeepAttributes).new_bytes
        state = view.node.inputs[0]
        return Lowered(
            kernel="mlforge_keep_columns",
            parameters_type="mlforge_keep_columns",
            parameters={"kept_bytes": view.input().size_bytes - new, "new_bytes": new},
            inputs=(),
            outputs=(),
            states=(state,),
            moves=True,
        )


class CountHops(_Internal):
    """Input: an int32, the inferences since the reset."""

    kind = COUNT_HOPS
    inputs = (1, 1)
    outputs = (0, 0)
    states = (0,)

    def lower(self, view: View, isa: Isa) -> Lowered:
        return Lowered(
            kernel="mlforge_count_hops",
            parameters_type="mlforge_count_hops",
            parameters={"first": view.node.attributes_as(CountAttributes).first},
            inputs=(),
            outputs=(),
            states=view.node.inputs,
        )
