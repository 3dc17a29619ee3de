"""What is known of an architecture for nothing, as numbers: what a surrogate model predicts from.

Sizes enter as logarithms, since doubling a network does about the same to its loss wherever it starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import log, prod
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlforge.records.architecture import (
    Architecture,
    AveragePool,
    Conv,
    Dense,
    DepthwiseConv,
    Dropout,
    GlobalAveragePool,
    Growth,
    Layer,
    MaxPool,
    Residual,
    SeparableConv,
    Trees,
    output_shape,
    tree_count,
)
from mlforge.search.sizes import layer_sizes

Matrix: TypeAlias = NDArray[np.float64]
FrontEnds: TypeAlias = Mapping[str, Sequence[tuple[str, int | float | str | bool]]]

NAMES: Final = (
    "log MACs", "log weights", "log largest activation", "log activations", "depth", "convolutions",
    "separable share", "residual share", "pools", "log steps left", "global pooling", "dropout",
    "log last width", "dense layers", "log first kernel", "log inputs", "log head inputs", "log narrowest width",
    "log first width", "log mean width", "log smallest activation", "log trees", "comparisons", "forest",
)  # fmt: skip


def traits(architecture: Architecture) -> tuple[float, ...]:
    """One number for each of NAMES. Raises ArchitectureError where it cannot be built.

    Of trees, what is said of layers is 0, their tables stand for weights and their comparisons for multiplications.
    """
    if architecture.trees:
        return _of_trees(architecture, architecture.trees)
    sizes = layer_sizes(architecture)
    flat = list(_flat(architecture.layers))
    convolutions = [layer for layer in flat if isinstance(layer, Conv | DepthwiseConv | SeparableConv)]
    count = max(len(convolutions), 1)
    outputs = [size.output_bytes for size in sizes]
    activations = [*outputs, prod(architecture.input_shape)]
    widths = [log(width) for width in map(_width, flat) if width] or [0.0]
    return (
        log(1 + sum(size.macs for size in sizes)),
        log(1 + sum(size.weights for size in sizes)),
        log(max(activations)),
        log(sum(activations)),
        float(len(convolutions) + sum(isinstance(layer, Dense) for layer in flat)),
        float(len(convolutions)),
        sum(isinstance(layer, DepthwiseConv | SeparableConv) for layer in convolutions) / count,
        sum(isinstance(layer, Residual) for layer in architecture.layers) / max(len(architecture.layers), 1),
        float(sum(isinstance(layer, MaxPool | AveragePool) for layer in flat)),
        _log_steps_left(architecture),
        float(any(isinstance(layer, GlobalAveragePool) for layer in flat)),
        sum(layer.rate for layer in flat if isinstance(layer, Dropout)),
        log(next((layer.filters for layer in reversed(flat) if isinstance(layer, Conv | SeparableConv)), 1)),
        float(sum(isinstance(layer, Dense) for layer in flat)),
        log(max((max(layer.kernel) for layer in convolutions[:1]), default=1)),
        log(prod(architecture.input_shape)),
        log(_head_inputs(architecture)),
        min(widths),
        widths[0],
        sum(widths) / len(widths),
        log(min(outputs[:-1], default=activations[-1])),
        0.0,
        0.0,
        0.0,
    )


def _of_trees(architecture: Architecture, trees: Trees) -> tuple[float, ...]:
    (size,) = layer_sizes(architecture)
    told = {
        "log MACs": log(1 + size.macs),
        "log weights": log(1 + size.weights),
        "log inputs": log(prod(architecture.input_shape)),
        "log trees": log(tree_count(architecture.outputs, architecture.head, trees.rounds)),
        "comparisons": float(trees.depth),
        "forest": float(trees.growth is Growth.FOREST),
    }
    return tuple(told.get(name, 0.0) for name in NAMES)


def front_end_traits(name: str, front_ends: FrontEnds) -> tuple[float, ...]:
    """The settings of a front end: numbers as they are, with their logarithms where positive; others one-hot."""
    mine = dict(front_ends.get(name, ()))
    columns = []
    for key, options in _options(front_ends).items():
        numbers = [float(one) for one in options if isinstance(one, int | float) and not isinstance(one, bool)]
        value = mine.get(key)
        if len(numbers) == len(options):
            number = float(value) if isinstance(value, int | float) else 0.0
            columns.append(log(number) if number > 0 and min(numbers) > 0 else number)
        else:
            columns += [float(value == option) for option in options]
    return tuple(columns)


def _options(front_ends: FrontEnds) -> dict[str, list[int | float | str | bool]]:
    """The values of each setting that has more than one."""
    found: dict[str, list[int | float | str | bool]] = {}
    for settings in front_ends.values():
        for key, value in settings:
            if value not in found.setdefault(key, []):
                found[key].append(value)
    return {key: values for key, values in found.items() if len(values) > 1}


def _flat(layers: Sequence[Layer]) -> Iterator[Layer]:
    for layer in layers:
        if isinstance(layer, Residual):
            yield from _flat(layer.body)
        else:
            yield layer


def _width(layer: Layer) -> int:
    """Channels or units of a layer that chooses them; else 0."""
    match layer:
        case Conv() | SeparableConv():
            return layer.filters
        case Dense():
            return layer.units
    return 0


def _head_inputs(architecture: Architecture) -> int:
    """Elements that enter the first dense layer."""
    shape = architecture.input_shape
    for layer in architecture.layers:
        if isinstance(layer, Dense):
            break
        shape = output_shape(layer, shape)
    return prod(shape)


def _log_steps_left(architecture: Architecture) -> float:
    """Of the activation before the head flattens or averages it."""
    shape = architecture.input_shape
    for layer in architecture.layers:
        if isinstance(layer, Dense | GlobalAveragePool):
            break
        shape = output_shape(layer, shape)
    return log(prod(shape[:-1])) if len(shape) > 1 else 0.0
