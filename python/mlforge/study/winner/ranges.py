"""How the tensors of an int8 model use their range on real examples: what was clipped, what was hardly used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.emitter import compile_graph
from mlforge.compiler.fixed_point import Activation
from mlforge.compiler.graph import DType, Graph, Node, Tensor
from mlforge.compiler.isa import Isa
from mlforge.records.attempt import TensorRange
from mlforge.targets.target import Target

EXAMPLES: Final = 200  # at most, spread evenly over those given
_SAME_VALUES: Final = ("RESHAPE", "SOFTMAX")  # those of their input, or with a range that the operator prescribes
_LOW, _HIGH = -128, 127
_SIX: Final = 6.0  # where a RELU6 ends by itself


def tensor_ranges(graph: Graph, name: str, host: Target, inputs: NDArray[np.int8]) -> tuple[TensorRange, ...]:
    """Weights and outputs of each operator, in order, for int8 inputs [N, input_bytes].

    The model is built once more with every operator's output as an output of its own.

    Raises:
        BuildError, RunError: that model cannot be built or run.
    """
    chosen = inputs[np.unique(np.linspace(0, len(inputs) - 1, min(EXAMPLES, len(inputs))).astype(int))]
    seen = _activations(graph, name, host, chosen)
    found: list[TensorRange] = []
    for position, node in enumerate(graph.nodes):
        for index in node.inputs[1:2]:
            tensor = graph.tensors[index]
            if tensor.data is not None and tensor.dtype is DType.INT8:
                found.append(_of_weights(position, node, tensor))
        if node.outputs[0] in seen:
            found.append(_of_activation(position, node, graph.tensors[node.outputs[0]], seen[node.outputs[0]]))
    return tuple(found)


def _activations(graph: Graph, name: str, host: Target, inputs: NDArray[np.int8]) -> dict[int, NDArray[np.int8]]:
    """By tensor the values [N, elements] that an operator gave it."""
    watched = tuple(dict.fromkeys(_watched(graph)))
    compiled = compile_graph(replace(graph, outputs=watched), name, Isa(host.isa))
    rows = host.infer(host.build(compiled.program), inputs).outputs
    ends = np.cumsum([output.size_bytes for output in compiled.outputs])[:-1]
    return dict(zip(watched, np.split(rows, ends, axis=1), strict=True))


def _watched(graph: Graph) -> Iterator[int]:
    for node in graph.nodes:
        if node.kind not in _SAME_VALUES and graph.tensors[node.outputs[0]].dtype is DType.INT8:
            yield node.outputs[0]


def _of_weights(position: int, node: Node, tensor: Tensor) -> TensorRange:
    """Weights are scaled by their own largest magnitude, so that none of them is clipped."""
    axis = tensor.quantization.axis if tensor.quantization else 0
    rows = np.abs(np.moveaxis(np.asarray(tensor.data, np.int16), axis, 0).reshape(tensor.shape[axis], -1))
    shares = rows.max(axis=1) / _HIGH
    return TensorRange(
        operator=position,
        kind=node.kind,
        name=tensor.name,
        weights=True,
        channels=len(shares),
        used=round(float(shares.max()), 4),
        narrowest=_narrowest(shares),
        saturated=0.0,
    )


def _of_activation(position: int, node: Node, tensor: Tensor, values: NDArray[np.int8]) -> TensorRange:
    columns = values.astype(np.int16).reshape(-1, tensor.shape[-1])
    shares = (columns.max(axis=0) - columns.min(axis=0)) / (_HIGH - _LOW)
    return TensorRange(
        operator=position,
        kind=node.kind,
        name=tensor.name,
        weights=False,
        channels=columns.shape[1],
        used=round(float(columns.max() - columns.min()) / (_HIGH - _LOW), 4),
        narrowest=_narrowest(shares),
        saturated=round(float(np.isin(columns, _clipping_ends(node, tensor)).mean()), 6),
    )


def _clipping_ends(node: Node, tensor: Tensor) -> list[int]:
    """The values behind which something would be lost: not the zero of a rectified layer, nor the six of a RELU6."""
    quantization = tensor.quantization
    if quantization is None:
        return [_LOW, _HIGH]
    ends = [] if quantization.zero_point == _LOW else [_LOW]
    bounded = getattr(node.attributes, "activation", None) is Activation.RELU6
    highest = (_HIGH - quantization.zero_point) * quantization.scale
    return ends if bounded and highest > _SIX - quantization.scale else [*ends, _HIGH]


def _narrowest(shares: NDArray[Any]) -> float:
    """Of the channels that have more than one value; the others are dead."""
    alive = shares[shares > 0]
    return round(float(alive.min()), 4) if len(alive) else 0.0
