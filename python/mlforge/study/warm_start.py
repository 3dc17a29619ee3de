"""Whose weights a training begins with: those of the best earlier trial that has a layer in common.

A function of the architecture and of the trials that the proposer saw, so that a study begins each training with the
same weights whatever the timing, resumed or not. All of them were trained on the study's training split, and on nothing
else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mlforge.errors import StudyError
from mlforge.measure.ranking import by_quality
from mlforge.records.architecture import Architecture
from mlforge.records.trial import Trial
from mlforge.study.memory.artefacts import Artefacts
from mlforge.training.inherit import agreeing

# What a study with `training.reuse` keeps of each trial besides its models: the network as it was first trained, with
# its batch norms. The float model beside the int8 one may have lost them to folding, and channels to pruning.
TRAINED_FILE: Final = "trained.keras"


@dataclass(frozen=True, slots=True)
class Source:
    """`keras` is empty where there is no such trial."""

    trial: int = -1
    keras: bytes = b""


def source(architecture: Architecture, visible: Sequence[Trial], artefacts: Artefacts) -> Source:
    """The best of the visible trials that agrees in a layer and whose weights are still there."""
    for trial in by_quality(visible):
        if TRAINED_FILE in trial.artefacts and agreeing(trial.proposed, architecture):
            try:
                return Source(trial.number, artefacts.get(trial.artefacts[TRAINED_FILE]))
            except StudyError:  # deleted or damaged: the next one will do
                continue
    return Source()
