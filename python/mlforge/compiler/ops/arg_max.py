"""ARG_MAX along one axis, to int32."""

from __future__ import annotations

from math import prod
from typing import ClassVar

import numpy as np

from mlforge.compiler.graph import Attributes, DType
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Lowered, Operator, Options, View, input_is_int8
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes


def axis_is_constant(view: View) -> str:
    """The axis is one constant int32, within the input's dimensions."""
    tensor = view.input(1)
    if not tensor.is_constant or tensor.dtype is not DType.INT32 or tensor.elements != 1:
        return f'the axis "{tensor.name}" is {"" if tensor.is_constant else "not constant "}{tensor}'
    rank, axis = len(view.input().shape), _stored_axis(view)
    return "" if -rank <= axis < rank else f"the axis is {axis} of {rank} dimensions"


def output_is_int32(view: View) -> str:
    """The output is int32, with the input's shape without the axis."""
    output, axis, shape = view.output, _axis(view), view.input().shape
    if output.dtype is DType.INT32 and not output.is_constant and output.shape == shape[:axis] + shape[axis + 1 :]:
        return ""
    return f"the output is {output}, the input {view.input()}, the axis {axis}"


def _stored_axis(view: View) -> int:
    return int(np.asarray(view.input(1).data).reshape(-1)[0])


def _axis(view: View) -> int:
    return _stored_axis(view) % len(view.input().shape)


class ArgMax(Operator):
    kind = "ARG_MAX"
    inputs = (2, 2)
    constraints = (input_is_int8, axis_is_constant, output_is_int32)
    flip: ClassVar[int] = 0  # xored to all values

    def read(self, options: Options) -> Attributes:
        return ElementwiseAttributes()  # the file's output type is redundant; the tensor's counts

    def lower(self, view: View, isa: Isa) -> Lowered:
        axis, shape = _axis(view), view.input().shape
        return Lowered(
            kernel="mlforge_arg_max_s8",
            parameters_type="mlforge_arg_max",
            parameters={
                "outer": prod(shape[:axis]),
                "size": shape[axis],
                "inner": prod(shape[axis + 1 :]),
                "flip": self.flip,
            },
            inputs=view.node.inputs[:1],
            outputs=view.node.outputs,
            note=f"along the axis {axis}",
        )
