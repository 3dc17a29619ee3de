"""How large an architecture of the agent's may be before anything is built: a design that cannot fit is sent back at
once, and none may exhaust the host that would have to build, emulate or train it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Final

from mlforge.errors import ArchitectureError
from mlforge.records.architecture import (
    Architecture,
    Conv,
    Dense,
    DepthwiseConv,
    Layer,
    Residual,
    SeparableConv,
    Shape,
    output_shape,
    validate,
)

MAX_STEPS: Final = 48  # layers, those inside residual blocks included
MAX_WEIGHTS: Final = 2 << 20
MAX_MACS: Final = 100_000_000
MAX_ACTIVATION: Final = 1 << 20  # elements


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
    sizes = list(_sizes(architecture.layers, architecture.input_shape, "layers"))
    weights = prod(shape) * architecture.outputs
    sizes.append(LayerSize("output", "Dense", (architecture.outputs,), architecture.outputs, weights, weights))
    return tuple(sizes)


def check_bounds(architecture: Architecture, flash_bytes: int | None) -> None:
    """Refuses what surely breaks the flash limit, and what is too large to be tried.

    Raises:
        ArchitectureError: with the layer's path and a reason that its author can act on.
    """
    sizes = layer_sizes(architecture)
    if len(sizes) > MAX_STEPS:
        raise ArchitectureError("layers", f"{len(sizes)} layers: at most {MAX_STEPS}")
    weights = sum(size.weights for size in sizes)
    if flash_bytes is not None and weights > flash_bytes:
        largest = max(sizes, key=lambda size: size.weights)
        raise ArchitectureError(
            largest.path,
            f"the weights alone take {weights} bytes of the {flash_bytes} of flash, {largest.weights} of them here",
        )
    if weights > MAX_WEIGHTS:
        raise ArchitectureError("layers", f"{weights} weights: at most {MAX_WEIGHTS}")
    if (macs := sum(size.macs for size in sizes)) > MAX_MACS:
        raise ArchitectureError("layers", f"{macs} multiplications: at most {MAX_MACS}")
    for size in sizes:
        if size.output_bytes > MAX_ACTIVATION:
            raise ArchitectureError(size.path, f"an output of {size.output_bytes} values: at most {MAX_ACTIVATION}")


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
        case _:
            return 0, 0
    return weights, weights * prod(after[:2])
