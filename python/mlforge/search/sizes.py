"""What an architecture comes to by its shapes alone: weights, multiplications and activations, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Final

from mlforge.records.architecture import (
    Architecture,
    Conv,
    Dense,
    DepthwiseConv,
    Layer,
    Residual,
    SeparableConv,
    Shape,
    Trees,
    output_shape,
    tree_count,
    validate,
)

_SPLIT_BYTES: Final = 7  # the feature, the threshold and the places of two children, as the engine stores them
_LEAF_BYTES: Final = 2


@dataclass(frozen=True, slots=True)
class LayerSize:
    """What one layer comes to. `output_bytes`: int8."""

    path: str
    kind: str
    output: Shape
    output_bytes: int
    weights: int  # biases apart
    macs: int


def layer_sizes(architecture: Architecture) -> tuple[LayerSize, ...]:
    """Layer by layer, the implied last `Dense` included. Raises ArchitectureError."""
    shape = validate(architecture)
    if architecture.trees:
        return (_trees(architecture, architecture.trees),)
    sizes = list(_sizes(architecture.layers, architecture.input_shape, "layers"))
    weights = prod(shape) * architecture.outputs
    sizes.append(LayerSize("output", "Dense", (architecture.outputs,), architecture.outputs, weights, weights))
    return tuple(sizes)


def _trees(architecture: Architecture, trees: Trees) -> LayerSize:
    """Complete trees: bytes of splits and leaves as weights, comparisons of one inference as multiplications."""
    count = tree_count(architecture.outputs, architecture.head, trees.rounds)
    leaves = 1 << trees.depth
    tables = count * ((leaves - 1) * _SPLIT_BYTES + leaves * _LEAF_BYTES)
    outputs = architecture.outputs
    return LayerSize("layers[0]", "Trees", (outputs,), outputs, tables, count * trees.depth)


def _sizes(layers: tuple[Layer, ...], shape: Shape, path: str) -> Iterator[LayerSize]:
    for index, layer in enumerate(layers):
        where = f"{path}[{index}]"
        if isinstance(layer, Residual):
            yield from _sizes(layer.body, shape, f"{where}.body")
        after = output_shape(layer, shape, where)
        weights, macs = _work(layer, shape, after)
        yield LayerSize(where, type(layer).__name__, after, prod(after), weights, macs)
        shape = after


def _work(layer: Layer, before: Shape, after: Shape) -> tuple[int, int]:
    """Weights and multiplications of a layer; those of a residual block belong to its body."""
    match layer:
        case Conv():
            weights = prod(layer.kernel) * before[2] * layer.filters
        case DepthwiseConv():
            weights = prod(layer.kernel) * after[2]
        case SeparableConv():
            weights = before[2] * (prod(layer.kernel) + layer.filters)
        case Dense():
            return prod(before) * layer.units, prod(before) * layer.units
        case _:  # trees have nothing beside them, and are no part of this
            return 0, 0
    return weights, weights * prod(after[:2])
