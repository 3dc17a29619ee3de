"""Cross-layer equalisation: the same function with ranges that int8 can hold. NumPy only.

Between two layers with nothing but ReLU (or no activation) and pools between, a channel may be divided by any positive
factor on its way out and multiplied by it on its way in. Nagel et al. (ICCV 2019, section 4.1) choose the factor that
makes both layers' weight ranges of the channel equal; repeated over all pairs until nothing moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlforge.records.architecture import Activation
from mlforge.training.topology import Kind, Linear, Topology

Weights: TypeAlias = Mapping[str, tuple[NDArray[Any], NDArray[Any]]]  # by layer: kernel and bias

_ROUNDS: Final = 50
_SETTLED: Final = 1e-3  # the largest relative change of a channel in a round that ends the rounds
_LARGEST: Final = 1e6  # of one factor: a channel that hardly exists need not be blown up


def equalised(topology: Topology, weights: Weights) -> dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Kernels and biases of a network without batch norms, float32, such that it computes what it did before.

    Pairs with ReLU6 between are left alone: its bound does not scale.
    """
    done = {
        name: (np.array(kernel, np.float64), np.array(bias, np.float64)) for name, (kernel, bias) in weights.items()
    }
    pairs = [pair for pair in topology.pairs() if pair[0].activation is not Activation.RELU6]
    for _ in range(_ROUNDS):
        moved = max((_balance(earlier, later, done) for earlier, later in pairs), default=0.0)
        if moved < _SETTLED:
            break
    return {name: (kernel.astype(np.float32), bias.astype(np.float32)) for name, (kernel, bias) in done.items()}


def _balance(earlier: Linear, later: Linear, weights: dict[str, tuple[NDArray[Any], NDArray[Any]]]) -> float:
    """Scales one pair in place. Returns by how much the channel that moved most did, 0 for none."""
    kernel, bias = weights[earlier.name]
    reading, offset = weights[later.name]
    channels = earlier.target.channels
    position = np.arange(later.inputs) % channels
    out = np.abs(_by_output(earlier, kernel)).max(axis=0)
    into = np.zeros(channels)
    np.maximum.at(into, position, np.abs(_by_input(later, reading)).max(axis=1))
    alive = (out > 0) & (into > 0)
    factor = np.ones(channels)
    factor[alive] = np.clip(np.sqrt(out[alive] / into[alive]), 1 / _LARGEST, _LARGEST)
    weights[earlier.name] = (kernel / _output_shaped(earlier, factor, kernel.shape), bias / factor)
    weights[later.name] = (reading * factor[position][:, None], offset)  # the input axis is the last but one
    return float(np.abs(np.log(factor)).max())


def _by_output(linear: Linear, kernel: NDArray[Any]) -> NDArray[Any]:
    """[weights, output channels]."""
    if linear.kind is Kind.DEPTHWISE:
        return kernel.reshape(-1, linear.target.channels)
    return kernel.reshape(-1, kernel.shape[-1])


def _by_input(linear: Linear, kernel: NDArray[Any]) -> NDArray[Any]:
    """[positions along the input axis, weights]."""
    if linear.kind is Kind.DENSE:
        return kernel
    return np.moveaxis(kernel, 2, 0).reshape(linear.inputs, -1)


def _output_shaped(linear: Linear, factor: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    return factor.reshape(shape[2:]) if linear.kind is Kind.DEPTHWISE else factor
