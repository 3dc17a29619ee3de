"""GATHER_ND: slices, or single elements, at places that are given by several indices."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.graph import Attributes, DType
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Constant, Lowered, Operator, Options, View
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.shared.movement import input_is_activation


def types_fit(view: View) -> str:
    """The output has the first input's type."""
    return "" if view.input().dtype is view.output.dtype else f"they are {view.input()} and {view.output}"


def indices_fit(view: View) -> str:
    """The indices are int32; constant ones lie inside, others are one for each place."""
    data, indices = view.input().shape, view.input(1)
    if indices.dtype is not DType.INT32 or not indices.shape or indices.shape[-1] > len(data):
        return f"the indices are {indices} into {view.input()}"
    if not indices.is_constant:
        return "" if indices.shape[-1] == 1 else f"{indices.shape[-1]} indices for each place, not constant"
    values = np.asarray(indices.data).reshape(-1, indices.shape[-1])
    inside = (values >= 0).all() and (values < np.array(data[: values.shape[1]])).all()
    return "" if inside else f"the indices lead out of {view.input()}"


def shape_follows(view: View) -> str:
    """The output has the indices' shape without its last dimension, and then what is left of the input's."""
    indices = view.input(1).shape
    expected = (*indices[:-1], *view.input().shape[indices[-1] :])
    return "" if view.output.shape == expected else f"the output is {view.output}, where {list(expected)} follows"


class GatherNd(Operator):
    kind = "GATHER_ND"
    inputs = (2, 2)
    constraints = (input_is_activation, types_fit, indices_fit, shape_follows)

    def read(self, options: Options) -> Attributes:
        return ElementwiseAttributes()

    def lower(self, view: View, isa: Isa) -> Lowered:
        """As a GATHER of the slices in one row."""
        data, depth = view.input(), view.input(1).shape[-1]
        constants = {1: Constant("indices", _flat(view))} if view.input(1).is_constant else {}
        return Lowered(
            kernel="mlforge_gather",
            parameters_type="mlforge_gather",
            parameters={
                "batches": 1,
                "outer": 1,
                "axis": prod(data.shape[:depth]),
                "indices": prod(view.input(1).shape[:-1]),
                "slice_bytes": prod(data.shape[depth:]) * data.dtype.size_bytes,
            },
            inputs=view.node.inputs[: 1 if constants else 2],
            outputs=view.node.outputs,
            constant_inputs=constants,
        )


def _flat(view: View) -> NDArray[np.int32]:
    """Which slice each place is, counted through all dimensions that are indexed."""
    depth = view.input(1).shape[-1]
    values = np.asarray(view.input(1).data).reshape(-1, depth)
    flat = np.ravel_multi_index(tuple(values.T.astype(np.int64)), view.input().shape[:depth])
    return np.asarray(flat, np.int32)
