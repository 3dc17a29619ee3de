"""Networks that can run on a stream: no layer sees zeros in front of a window or behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlforge.contract.contract import Execution
from mlforge.records.architecture import Architecture, Conv, DepthwiseConv, Layer, Padding, Residual, SeparableConv
from mlforge.search.space import Space

if TYPE_CHECKING:
    from optuna.trial import BaseTrial


@dataclass(frozen=True, slots=True)
class StreamSpace:
    """Another space's networks without padding; with `auto`, whether they have any is a choice of its own."""

    of: Space
    execution: Execution

    def suggest(self, trial: BaseTrial) -> Architecture:
        """Raises ArchitectureError as the other space does."""
        architecture = self.of.suggest(trial)
        if self.execution is Execution.AUTO and trial.suggest_categorical("padding", ["valid", "same"]) == "same":
            return architecture
        return without_padding(architecture)


def without_padding(architecture: Architecture) -> Architecture:
    """The same layers on fewer and fewer columns. What a residual block adds would have other columns than its input,
    so that its body stands alone. It may have become too short to be valid."""
    return replace(architecture, layers=tuple(_layers(architecture.layers)))


def _layers(layers: tuple[Layer, ...]) -> Iterator[Layer]:
    for layer in layers:
        match layer:
            case Conv() | DepthwiseConv() | SeparableConv():
                yield replace(layer, padding=Padding.VALID)
            case Residual() if any(step.kernel[0] > 1 for step in layer.body):
                yield from _layers(layer.body)
            case _:
                yield layer
