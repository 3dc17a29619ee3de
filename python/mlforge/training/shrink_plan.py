"""Which architecture remains when a share of the channels goes: known before training, so that its cost is, too.

Every set of channels that must agree (a residual block's input and output, a depthwise layer's) shrinks as one. The
network's inputs and outputs stay. Imports no TensorFlow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import ceil
from typing import Final

from mlforge.records.architecture import (
    Architecture,
    Conv,
    Convolution,
    Dense,
    DepthwiseConv,
    Layer,
    Residual,
    SeparableConv,
)
from mlforge.training.topology import Linear, Topology, topology

GRANULE: Final = 4  # kernels handle channels in fours


def kept_sizes(network: Topology, share: float) -> dict[int, int]:
    """How many units of each set stay. Whole fours stay whole fours, the nearest number of them, at least one."""
    return {
        units: size if units in network.fixed else _kept(size, share) for units, size in sorted(network.sizes.items())
    }


def pruned(architecture: Architecture, share: float) -> Architecture:
    """The architecture without `share` (0 up to, not including, 1) of its channels and units; possibly the same one.

    Raises:
        ArchitectureError: the architecture cannot be built.
    """
    network = topology(architecture)
    sizes = kept_sizes(network, share)
    linears = iter(network.linears)
    return replace(architecture, layers=tuple(_narrowed(layer, linears, sizes) for layer in architecture.layers))


def _kept(size: int, share: float) -> int:
    if size % GRANULE:
        return max(1, ceil(size * (1 - share)))
    return max(1, round(size * (1 - share) / GRANULE)) * GRANULE


def _narrowed(layer: Layer, linears: Iterator[Linear], sizes: Mapping[int, int]) -> Layer:
    match layer:
        case Conv() | DepthwiseConv() | SeparableConv():
            return _convolution(layer, linears, sizes)
        case Dense():
            return replace(layer, units=sizes[next(linears).target.units])
        case Residual():
            return replace(layer, body=tuple(_convolution(step, linears, sizes) for step in layer.body))
        case _:
            return layer


def _convolution(layer: Convolution, linears: Iterator[Linear], sizes: Mapping[int, int]) -> Convolution:
    linear = next(linears)
    match layer:
        case DepthwiseConv():
            return layer
        case SeparableConv():
            return replace(layer, filters=sizes[next(linears).target.units])
        case Conv():
            return replace(layer, filters=sizes[linear.target.units])
