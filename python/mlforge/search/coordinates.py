"""From an architecture back to its coordinates in a search space, so that TPE learns from what others proposed.

Each space is guessed backwards and the guess is then drawn forwards: only a point that gives exactly this architecture
counts.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from mlforge.contract.contract import Family
from mlforge.errors import ArchitectureError
from mlforge.records.architecture import (
    Architecture,
    Conv,
    Dense,
    DepthwiseConv,
    Dropout,
    GlobalAveragePool,
    Layer,
    MaxPool,
    Residual,
    SeparableConv,
    Trees,
)
from mlforge.records.trial import Parameter
from mlforge.search.space import (
    FAMILY,
    AutoencoderSpace,
    ConvolutionSpace,
    DenseSpace,
    FamiliesSpace,
    FrontEndSpace,
    Space,
    TreesSpace,
    named_by_options,
)

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

_RESIDUAL_LAYERS: Final = 2  # in the body that a block may end with; three are an inverted residual


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
        case FamiliesSpace():
            trees = isinstance(layers[0], Trees) if layers else False
            family, inner = (Family.TREES, space.trees) if trees else (Family.NETWORKS, space.networks)
            return {FAMILY: family.value, **_guess(inner, layers, front_end)}
        case TreesSpace():
            return _trees(layers)
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
        "stem.pool": _take(layers, MaxPool) is not None,
    }
    blocks, channels = 0, stem.filters
    while layers and (block := _block(layers, channels)):
        blocks += 1
        kind, channels, kernel, stride = block
        found[f"block{blocks}.kind"] = kind
        found[f"block{blocks}.filters"] = channels
        found[f"block{blocks}.kernel"] = kernel
        pooled = _take(layers, MaxPool) is not None
        found[f"block{blocks}.downsample"] = "pool" if pooled else "stride" if stride > 1 else "none"
        residual = bool(layers) and isinstance(layers[0], Residual) and len(layers[0].body) == _RESIDUAL_LAYERS
        found[f"block{blocks}.residual"] = residual and _take(layers, Residual) is not None
    found["blocks"] = blocks
    found["pool"] = "global" if _take(layers, GlobalAveragePool) else "flatten"
    found |= _dropout(layers)
    dense = _take(layers, Dense)
    found["units"] = dense.units if isinstance(dense, Dense) else 0
    return found


def _block(layers: list[Layer], channels: int) -> tuple[str, int, int, int] | None:
    """Takes the convolutions of a block: its kind, filters, kernel and stride; None where there are none."""
    match layers:
        case [Conv(kernel=(1, 1)), DepthwiseConv() as depthwise, Conv() as last, *_]:
            del layers[:3]
            return "inverted", last.filters, depthwise.kernel[0], depthwise.stride[0]
        case [Residual(body=(Conv(), DepthwiseConv() as depthwise, Conv())), *_]:
            del layers[0]
            return "inverted", channels, depthwise.kernel[0], 1
        case [Conv() | SeparableConv() as first, *_]:
            del layers[0]
            return "conv" if isinstance(first, Conv) else "separable", first.filters, first.kernel[0], first.stride[0]
    return None


def _trees(layers: list[Layer]) -> dict[str, Parameter]:
    match layers:
        case [Trees() as trees]:
            return {"trees.growth": trees.growth.value, "trees.rounds": trees.rounds, "trees.depth": trees.depth}
    return {}


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
