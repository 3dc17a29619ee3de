"""Structured pruning: the filters that matter least are cut out of a trained network. Worker process only."""

from __future__ import annotations

from typing import Any, TypeAlias

import keras
import numpy as np
from numpy.typing import NDArray

from mlforge.records.architecture import Architecture
from mlforge.training.build import build
from mlforge.training.fold import folded_weights
from mlforge.training.shrink_plan import kept_sizes, pruned
from mlforge.training.topology import Indices, Kind, Linear, Topology, topology

Kept: TypeAlias = dict[int, Indices]  # by set of units those that stay, ascending


def cut(architecture: Architecture, model: keras.Model, share: float, seed: int) -> keras.Model:
    """A model of `pruned(architecture, share)` with the weights of the channels that stay, batch norms included.

    What a channel matters is the L1 norm of its filter (Li et al., ICLR 2017) with the batch norm folded in, relative
    to its layer's mean, summed over the layers that write the channel.
    """
    network = topology(architecture)
    kept = _strongest(network, _scores(network, model), kept_sizes(network, share))
    smaller = build(pruned(architecture, share), seed)
    for linear in network.linears:
        inputs = _where(linear.source_units, kept[linear.source.units])
        outputs = _where(linear.target_units, kept[linear.target.units])
        kernel, *bias = model.get_layer(linear.name).get_weights()
        kernel = _cut_kernel(linear, kernel, inputs, outputs)
        smaller.get_layer(linear.name).set_weights([kernel, *(one[outputs] for one in bias)])
        if linear.norm:
            norm = model.get_layer(linear.norm).get_weights()
            smaller.get_layer(linear.norm).set_weights([one[outputs] for one in norm])
    return smaller


def _scores(network: Topology, model: keras.Model) -> dict[int, NDArray[Any]]:
    scores = {units: np.zeros(size) for units, size in network.sizes.items()}
    for linear in network.linears:
        if linear.kind is not Kind.DEPTHWISE:
            kernel, _ = folded_weights(linear, model)
            norms = np.abs(kernel).reshape(-1, linear.target.channels).sum(axis=0)
            scores[linear.target.units] += norms / max(float(norms.mean()), 1e-12)
    return scores


def _strongest(network: Topology, scores: dict[int, NDArray[Any]], sizes: dict[int, int]) -> Kept:
    return {units: np.sort(np.argsort(-scores[units], kind="stable")[: sizes[units]]) for units in network.sizes}


def _where(units: Indices, kept: Indices) -> Indices:
    return np.flatnonzero(np.isin(units, kept))


def _cut_kernel(linear: Linear, kernel: NDArray[Any], inputs: Indices, outputs: Indices) -> NDArray[Any]:
    match linear.kind:
        case Kind.DENSE:
            return kernel[np.ix_(inputs, outputs)]
        case Kind.CONV:
            return kernel[:, :, inputs][:, :, :, outputs]
        case Kind.DEPTHWISE:
            return kernel[:, :, inputs]
