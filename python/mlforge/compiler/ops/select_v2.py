"""SELECT_V2: elements of one tensor where a condition is true, else of another. Scales do not matter."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mlforge.compiler.graph import Attributes, DType
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Constant, Field, Lowered, Operator, Options, View
from mlforge.compiler.ops.shared.broadcast import is_full, steps_over
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.shared.movement import bytes_of

_CONDITION = 0
_TYPES = (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32, DType.BOOL)


def condition_is_bool(view: View) -> str:
    """The condition is bool, and not all inputs are constant."""
    tensor = view.input(_CONDITION)
    if all(view.input(position).is_constant for position in range(3)):
        return "all inputs are constant"
    return "" if tensor.dtype is DType.BOOL else f'tensor "{tensor.name}" is {tensor}'


def choices_are_alike(view: View) -> str:
    """Both choices and the output have the same type: int8, int16, int32, float32 or bool."""
    found = {view.input(1).dtype, view.input(2).dtype, view.output.dtype}
    return "" if len(found) == 1 and found <= set(_TYPES) else f"the types are {', '.join(sorted(found))}"


def shapes_fit(view: View) -> str:
    """Each dimension of the inputs, counted from the last, is that of the output or 1 (or missing)."""
    shapes = [view.input(position).shape for position in range(3)]
    try:
        expected = np.broadcast_shapes(*shapes)
    except ValueError:
        return f"the shapes are {', '.join(str(list(shape)) for shape in shapes)}"
    return "" if view.output.shape == expected else f"the output is {view.output}, where {list(expected)} follows"


class SelectV2(Operator):
    kind = "SELECT_V2"
    inputs = (3, 3)
    constraints = (condition_is_bool, choices_are_alike, shapes_fit)

    def read(self, options: Options) -> Attributes:
        return ElementwiseAttributes()

    def lower(self, view: View, isa: Isa) -> Lowered:
        choices = [index for index in view.node.inputs[1:] if not view.graph.tensors[index].is_constant]
        return Lowered(
            kernel="mlforge_select",
            parameters_type="mlforge_select",
            parameters={**_walk(view), "element_bytes": view.output.dtype.size_bytes},
            inputs=tuple(index for index in view.node.inputs if not view.graph.tensors[index].is_constant),
            outputs=view.node.outputs,
            in_place=frozenset(index for index in choices if is_full(view, index)),
            constant_inputs={
                position: Constant(f"input_{position}", bytes_of(view.input(position)))
                for position in range(3)
                if view.input(position).is_constant
            },
        )


def _walk(view: View) -> Mapping[str, Field]:
    size, steps = steps_over(view.output.shape, [view.input(position).shape for position in range(3)])
    return dict(zip(("size", "step_condition", "step_1", "step_2"), (size, *steps), strict=True))
