"""Random graphs and inputs within the contract of TensorFlow Lite Micro's kernels.

The tests of our own kernels also go where the reference is undefined: a divisor of 0, an index outside of the axis,
floats that no integer holds. Where the interpreter judges, such values are moved inside.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.graph import DType, Graph, Node, Quantization, Tensor
from mlforge.compiler.ops.signal.operator import SignalAttributes
from tests.unit.compiler.cases import inputs_for

# Positions of input, weights and bias.
_BIAS = {
    "CONV_2D": (0, 1, 2),
    "DEPTHWISE_CONV_2D": (0, 1, 2),
    "FULLY_CONNECTED": (0, 1, 2),
    "TRANSPOSE_CONV": (2, 1, 3),
}
_SVDF_STATE, _SVDF_TIME, _SVDF_BIAS = 4, 2, 3


def sound(graph: Graph) -> Graph:
    """The same with scales for biases, which TensorFlow Lite Micro wants, and without constant divisors of 0."""
    tensors = list(graph.tensors)
    for node in graph.nodes:
        for index, change in _changes(graph, node):
            tensors[index] = replace(tensors[index], **change)
    return replace(graph, tensors=tuple(tensors), nodes=tuple(_always_valid(node) for node in graph.nodes))


def _always_valid(node: Node) -> Node:
    """Where SignalFramer and SignalStacker have no output yet, the interpreter's is what lies in memory: here they have
    one from the first frame on. test_signal.py has the others."""
    if node.kind not in ("SignalFramer", "SignalStacker"):
        return node
    told = dict(node.attributes_as(SignalAttributes).values)
    if node.kind == "SignalFramer":
        told["prefill"] = int(told["frame_size"] >= told["frame_step"])
    else:
        told["stacker_left_context"] += told["stacker_right_context"]
        told |= {"stacker_right_context": 0, "stacker_step": 1}
    return replace(node, attributes=SignalAttributes(tuple(told.items())))


def is_defined(graph: Graph) -> bool:
    """Whether the reference says what comes out.

    It never sets what SPACE_TO_BATCH_ND pads with (micro/kernels/space_to_batch_nd.cc): whatever lies in memory. Nor
    does it set the energies of SignalEnergy that are not asked for.
    """
    for node in graph.nodes:
        if node.kind == "SignalEnergy":
            told = node.attributes_as(SignalAttributes)
            if (told["start_index"], told["end_index"]) != (0, graph.tensors[node.outputs[0]].elements):
                return False
    paddings = [graph.tensors[node.inputs[2]].data for node in graph.nodes if node.kind == "SPACE_TO_BATCH_ND"]
    return not any(np.any(one) for one in paddings if one is not None)


def _changes(graph: Graph, node: Node) -> list[tuple[int, dict[str, Any]]]:
    if node.kind in _BIAS:
        source, weights, bias = _BIAS[node.kind]
        if bias < len(node.inputs) and node.inputs[bias] >= 0:
            return [_scaled(graph, node.inputs[bias], node.inputs[source], node.inputs[weights])]
    if node.kind == "SVDF" and node.inputs[_SVDF_BIAS] >= 0:
        return [_scaled(graph, node.inputs[_SVDF_BIAS], node.inputs[_SVDF_STATE], node.inputs[_SVDF_TIME])]
    if node.kind == "DIV":
        return _of_division(graph, node)
    return []


def _of_division(graph: Graph, node: Node) -> list[tuple[int, dict[str, Any]]]:
    """Where the output's scale is so large that quotients vanish, the reference shifts by more than 31 bits."""
    a, b, result = (graph.tensors[index].quantization for index in (*node.inputs, *node.outputs))
    divisor = graph.tensors[node.inputs[1]]
    changes: list[tuple[int, dict[str, Any]]] = []
    if divisor.data is not None:
        changes.append((node.inputs[1], {"data": _without_zero(divisor, divisor.data)}))
    if a and b and result and a.scale < 128 * b.scale * result.scale:
        scale = float(np.float32(a.scale / (128 * b.scale)))
        changes.append((node.outputs[0], {"quantization": Quantization((scale,), result.zero_points)}))
    return changes


def _scaled(graph: Graph, bias: int, source: int, weights: int) -> tuple[int, dict[str, Any]]:
    a, b = graph.tensors[source].quantization, graph.tensors[weights].quantization
    if a is None or b is None:
        raise ValueError("a layer without quantisation")
    scales = tuple(float(np.float32(a.scale) * np.float32(scale)) for scale in b.scales)
    return bias, {"quantization": Quantization(scales, (0,) * len(scales), 0)}


def _without_zero(tensor: Tensor, values: NDArray[np.generic] | None) -> NDArray[np.generic]:
    zero = tensor.quantization.zero_point if tensor.quantization else 0
    array = np.asarray(values)
    return np.where(array == zero, zero + (1 if zero < 127 else -1), array).astype(array.dtype)


def sound_inputs(graph: Graph, vectors: int, seed: int) -> list[NDArray[np.generic]]:
    """inputs_for, with indices and divisors that are defined, and floats that fit."""
    arrays = dict(zip(graph.inputs, inputs_for(graph, vectors, seed), strict=True))
    for node in graph.nodes:
        if node.kind == "GATHER" and node.inputs[1] in arrays:
            axis = node.attributes.axis  # type: ignore[attr-defined]
            size = graph.tensors[node.inputs[0]].shape[axis]
            arrays[node.inputs[1]] = (arrays[node.inputs[1]].astype(np.int64) % size).astype(np.int32)
        if node.kind == "DIV" and node.inputs[1] in arrays:
            arrays[node.inputs[1]] = _without_zero(graph.tensors[node.inputs[1]], arrays[node.inputs[1]])
        if (
            node.kind == "QUANTIZE"
            and graph.tensors[node.inputs[0]].dtype is DType.FLOAT32
            and node.inputs[0] in arrays
        ):
            to = graph.tensors[node.outputs[0]].quantization
            arrays[node.inputs[0]] = _finite(arrays[node.inputs[0]], (to.scale if to else 1.0) * 1e9)
        if node.kind == "CAST" and arrays.get(node.inputs[0], np.zeros(1)).dtype == np.float32:
            limit = {"int8": 100.0, "int16": 30000.0}.get(graph.tensors[node.outputs[0]].dtype, 1e9)
            arrays[node.inputs[0]] = _finite(arrays[node.inputs[0]], limit)
        if node.kind == "SignalFilterBankSquareRoot" and node.inputs[1] in arrays:
            arrays[node.inputs[1]] = (arrays[node.inputs[1]].astype(np.int64) % 32).astype(np.int32)
        if node.kind == "RSQRT":
            zero = graph.tensors[node.inputs[0]].quantization
            arrays[node.inputs[0]] = np.maximum(arrays[node.inputs[0]], zero.zero_point if zero else 0)
    return list(arrays.values())


def _finite(array: NDArray[np.generic], limit: float) -> NDArray[np.generic]:
    finite: NDArray[np.float32] = np.clip(np.nan_to_num(array, nan=0.0), -limit, limit).astype(np.float32)
    return finite
