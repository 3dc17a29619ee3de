"""Finds out "int8" models that are still float: converters leave operators, or all of a model, as they were."""

from __future__ import annotations

from mlforge.compiler.graph import DType, Graph
from mlforge.compiler.ops.nearest import FLOATS_MAY_PASS, QUANTISE
from mlforge.errors import ModelError


def refuse_still_float(graph: Graph) -> None:
    """Raises ModelError where operators compute in floats, and says how the model only looks like int8."""
    floats = [
        (position, node)
        for position, node in enumerate(graph.nodes)
        if node.kind not in FLOATS_MAY_PASS
        and any(graph.tensors[index].dtype is DType.FLOAT32 for index in node.outputs)
    ]
    if not floats:
        return
    position, node = floats[0]
    raise ModelError(
        f"{len(floats)} of {len(graph.nodes)} operators compute in float32, the first is operator {position} "
        f"({node.kind}, output {graph.tensors[node.outputs[0]].name!r}): {_looks(graph)}",
        hint=QUANTISE,
    )


def _looks(graph: Graph) -> str:
    ends = {graph.tensors[index].dtype for index in (*graph.inputs, *graph.outputs)}
    if DType.FLOAT32 not in ends:
        return "its input and output are int8, what is between them is not"
    if any(tensor.data is not None and tensor.dtype is DType.INT8 for tensor in graph.tensors):
        return "its weights are int8, its activations are not (dynamic range quantisation)"
    return "only a part of it was quantised"
