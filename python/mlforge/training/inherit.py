"""Weights of an earlier network for a new one: those of the layers that agree. Imports no TensorFlow.

Layers are told by their names, which hold position and kind (`build.py`): `l2_conv`, `l2_norm`, `outputs`. They agree
where all their tensors have the same shapes. So a layer that lost its batch norm to folding agrees with none that has
one, and nothing is cut or padded to fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any, Final, Protocol

from numpy.typing import NDArray

from mlforge.records.architecture import (
    Architecture,
    Conv,
    Dense,
    DepthwiseConv,
    Layer,
    Residual,
    SeparableConv,
    output_shape,
)

_WITH_WEIGHTS: Final = (Conv, DepthwiseConv, SeparableConv, Dense, Residual)


class _Layer(Protocol):
    @property
    def name(self) -> str: ...

    def get_weights(self) -> list[NDArray[Any]]: ...

    def set_weights(self, weights: Sequence[NDArray[Any]]) -> None: ...


class _Network(Protocol):
    @property
    def layers(self) -> Sequence[_Layer]: ...


def agreeing(one: Architecture, other: Architecture) -> tuple[int, ...]:
    """The positions of layers with weights that are the same in both, and read as many channels. The last layer, which
    each has, does not count: alone it is worth nothing."""
    if one.input_shape != other.input_shape:
        return ()
    pairs = enumerate(zip(_readings(one), _readings(other), strict=False))
    return tuple(index for index, (mine, theirs) in pairs if mine == theirs and isinstance(mine[0], _WITH_WEIGHTS))


def _readings(architecture: Architecture) -> Iterator[tuple[Layer, int]]:
    """Each layer, and how many channels it reads; all values where it is dense."""
    shape = architecture.input_shape
    for layer in architecture.layers:
        yield layer, prod(shape) if isinstance(layer, Dense) else shape[-1]
        shape = output_shape(layer, shape)


def weights_of(network: _Network) -> dict[str, list[NDArray[Any]]]:
    """The tensors of each layer that has any, by its name."""
    return {layer.name: weights for layer in network.layers if (weights := layer.get_weights())}


def inherit(network: _Network, weights: Mapping[str, Sequence[NDArray[Any]]]) -> tuple[str, ...]:
    """Replaces the weights of the layers that agree; returns their names, from input to output."""
    taken = []
    for layer in network.layers:
        given, own = weights.get(layer.name, ()), layer.get_weights()
        if own and [one.shape for one in given] == [one.shape for one in own]:
            layer.set_weights(given)
            taken.append(layer.name)
    return tuple(taken)
