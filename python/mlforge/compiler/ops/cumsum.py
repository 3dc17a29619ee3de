"""CUMSUM: sums along one axis of all that comes before."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from tflite.CumsumOptions import CumsumOptions

from mlforge.compiler.graph import Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import (
    Lowered,
    Operator,
    Options,
    View,
    input_is_int8,
    output_is_int8,
    same_shape,
)
from mlforge.compiler.ops.shared.movement import constant_integers, integers, resolved_axis
from mlforge.compiler.ops.shared.summing import output_scale_is_sane, sum_stage


@dataclass(frozen=True, slots=True)
class CumsumAttributes(Attributes):
    exclusive: bool = False
    reverse: bool = False


def axis_is_constant(view: View) -> str:
    """The axis is one constant int32, within the input's dimensions."""
    if problem := constant_integers(view, 1, "axis", 1):
        return problem
    axis = integers(view, 1)[0]
    return f"the axis is {axis} of {view.input()}" if resolved_axis(axis, len(view.input().shape)) is None else ""


class Cumsum(Operator):
    kind = "CUMSUM"
    options = "CumsumOptions"
    inputs = (2, 2)
    constraints = (input_is_int8, output_is_int8, same_shape, axis_is_constant, output_scale_is_sane)

    def read(self, options: Options) -> Attributes:
        if options is None:
            return CumsumAttributes()
        table = CumsumOptions()
        table.Init(options.Bytes, options.Pos)
        return CumsumAttributes(bool(table.Exclusive()), bool(table.Reverse()))

    def lower(self, view: View, isa: Isa) -> Lowered:
        attributes, shape = view.node.attributes_as(CumsumAttributes), view.input().shape
        axis = integers(view, 1)[0] % len(shape)
        return Lowered(
            kernel="mlforge_cumsum_s8",
            parameters_type="mlforge_cumsum",
            parameters={
                "outer": prod(shape[:axis]),
                "size": shape[axis],
                "inner": prod(shape[axis + 1 :]),
                "exclusive": int(attributes.exclusive),
                "reverse": int(attributes.reverse),
                **sum_stage(view),
            },
            inputs=view.node.inputs[:1],
            outputs=view.node.outputs,
            in_place=frozenset(view.node.inputs[:1]),
        )
