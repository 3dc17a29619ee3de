"""GATHER of slices along an axis, from an activation or a constant table."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from tflite.GatherOptions import GatherOptions

from mlforge.compiler.graph import Attributes, DType
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Constant, Lowered, Operator, Options, View
from mlforge.compiler.ops.shared.movement import resolved_axis


@dataclass(frozen=True, slots=True)
class GatherAttributes(Attributes):
    axis: int = 0
    batch_dims: int = 0


def something_runs(view: View) -> str:
    """The first input and the output have the same type; input and indices are not both constant."""
    if view.input().dtype is not view.output.dtype:
        return f"the input is {view.input()}, the output {view.output}"
    return "both are constant" if view.input().is_constant and view.input(1).is_constant else ""


def indices_fit(view: View) -> str:
    """The indices are int32; constant ones lie inside the axis."""
    indices, axis = view.input(1), _axis(view)
    if indices.dtype is not DType.INT32 or axis is None:
        return f"the indices are {indices} into axis {view.node.attributes_as(GatherAttributes).axis} of {view.input()}"
    if indices.is_constant:
        values = np.asarray(indices.data)
        if values.min() < 0 or values.max() >= view.input().shape[axis]:
            return f"the indices are {int(values.min())} to {int(values.max())} into axis {axis} of {view.input()}"
    return ""


def shapes_fit(view: View) -> str:
    """The output has the input's shape with the indices' (but for the batch dimensions, which both share and which come
    before the axis) in place of the axis.
    """
    data, indices, axis, batches = view.input().shape, view.input(1).shape, _axis(view), _batch_dims(view)
    if axis is None or not 0 <= batches <= min(axis, len(indices)) or data[:batches] != indices[:batches]:
        return f"{batches} batch dimensions of {view.input()} and {view.input(1)}"
    expected = (*data[:axis], *indices[batches:], *data[axis + 1 :])
    return "" if view.output.shape == expected else f"the output is {view.output}, where {list(expected)} follows"


def _axis(view: View) -> int | None:
    return resolved_axis(view.node.attributes_as(GatherAttributes).axis, len(view.input().shape))


def _batch_dims(view: View) -> int:
    given = view.node.attributes_as(GatherAttributes).batch_dims
    return given + len(view.input(1).shape) if given < 0 else given


class Gather(Operator):
    kind = "GATHER"
    options = "GatherOptions"
    inputs = (2, 2)
    constraints = (something_runs, indices_fit, shapes_fit)

    def read(self, options: Options) -> Attributes:
        if options is None:
            return GatherAttributes()
        table = GatherOptions()
        table.Init(options.Bytes, options.Pos)
        return GatherAttributes(table.Axis(), table.BatchDims())

    def lower(self, view: View, isa: Isa) -> Lowered:
        data, indices, axis, batches = view.input(), view.input(1), _axis(view) or 0, _batch_dims(view)
        constants = {}
        if data.is_constant:
            values = np.frombuffer(np.ascontiguousarray(data.data).tobytes(), np.int8)
            constants[0] = Constant("table", values)
        if indices.is_constant:
            constants[1] = Constant("indices", np.asarray(indices.data))
        return Lowered(
            kernel="mlforge_gather",
            parameters_type="mlforge_gather",
            parameters={
                "batches": prod(data.shape[:batches]),
                "outer": prod(data.shape[batches:axis]),
                "axis": data.shape[axis],
                "indices": prod(indices.shape[batches:]),
                "slice_bytes": prod(data.shape[axis + 1 :]) * data.dtype.size_bytes,
            },
            inputs=tuple(view.node.inputs[position] for position in (0, 1) if position not in constants),
            outputs=view.node.outputs,
            constant_inputs=constants,
        )
