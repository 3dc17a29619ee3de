"""From an architecture back to its coordinates in a search space, so that TPE learns from what others proposed.

Each space is guessed backwards and the guess is then drawn forwards: only a point that gives exactly this architecture
counts.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlforge.errors import ArchitectureError
from mlforge.records.architecture import (
    Architecture,
    Conv,
    Dense,
    Dropout,
    GlobalAveragePool,
    Layer,
    MaxPool,
    Residual,
    SeparableConv,
)
from mlforge.records.trial import Parameter
from mlforge.search.space import AutoencoderSpace, ConvolutionSpace, DenseSpace, FrontEndSpace, Space, named_by_options

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def coordinates(
    space: Space, architecture: Architecture
) -> tuple[Mapping[str, Parameter], Mapping[str, BaseDistribution]] | None:
    """Parameters and their ranges; None where the architecture is no point of the space."""
    import optuna

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Optuna only warns of a value outside its range
            replay = optuna.trial.FixedTrial(_guess(space, list(architecture.layers), architecture.front_end))
            if space.suggest(replay) != architecture:
                return None
    except (ValueError, UserWarning, ArchitectureError):
        return None
    return replay.params, replay.distributions


def _guess(space: Space, layers: list[Layer], front_end: str) -> dict[str, Parameter]:
    match space:
        case FrontEndSpace():
            return _front_end(space, front_end, layers)
        case ConvolutionSpace():
            return _convolution(layers)
        case DenseSpace():
            return _dense(layers)
        case AutoencoderSpace():
            return _autoencoder(layers)
    return {}


def _front_end(space: FrontEndSpace, name: str, layers: list[Layer]) -> dict[str, Parameter]:
    """Raises ValueError where the layers are no network behind the front end."""
    import optuna

    if name not in space.front_ends:
        return {}
    found: dict[str, Parameter] = {f"features.{key}": value for key, value in space.front_ends[name]}
    networks = space.space_of(name)
    replay = optuna.trial.FixedTrial(_guess(networks, layers, name))
    networks.suggest(replay)
    for key, value in replay.params.items():
        options = getattr(replay.distributions[key], "choices", ())
        found[named_by_options(key, options) if options else key] = value
    return found


def _convolution(layers: list[Layer]) -> dict[str, Parameter]:
    if not layers or not isinstance(stem := layers.pop(0), Conv):
        return {}
    found: dict[str, Parameter] = {
        "stem.filters": stem.filters,
        "stem.kernel": stem.kernel[0],
        "stem.stride": stem.stride[0],
    }
    blocks = 0
    while layers and isinstance(first := layers[0], Conv | SeparableConv):
        del layers[0]
        blocks += 1
        found[f"block{blocks}.kind"] = "conv" if isinstance(first, Conv) else "separable"
        found[f"block{blocks}.filters"] = first.filters
        found[f"block{blocks}.kernel"] = first.kernel[0]
        pooled = _take(layers, MaxPool) is not None
        found[f"block{blocks}.downsample"] = "pool" if pooled else "stride" if first.stride[0] > 1 else "none"
        found[f"block{blocks}.residual"] = _take(layers, Residual) is not None
    found["blocks"] = blocks
    found["pool"] = "global" if _take(layers, GlobalAveragePool) else "flatten"
    found |= _dropout(layers)
    dense = _take(layers, Dense)
    found["units"] = dense.units if isinstance(dense, Dense) else 0
    return found


def _dense(layers: list[Layer]) -> dict[str, Parameter]:
    found: dict[str, Parameter] = {}
    while isinstance(layer := _take(layers, Dense), Dense):
        found[f"layer{len(found) + 1}.units"] = layer.units
    return {**found, "layers": len(found), **_dropout(layers)}


def _autoencoder(layers: list[Layer]) -> dict[str, Parameter]:
    units = [layer.units for layer in layers if isinstance(layer, Dense)]
    if not units:
        return {}
    return {"units": units[0], "depth": len(units) // 2, "bottleneck": units[len(units) // 2]}


def _dropout(layers: list[Layer]) -> dict[str, Parameter]:
    layer = _take(layers, Dropout)
    return {"dropout": layer.rate if isinstance(layer, Dropout) else 0.0}


def _take(layers: list[Layer], kind: type) -> Layer | None:
    return layers.pop(0) if layers and isinstance(layers[0], kind) else None
