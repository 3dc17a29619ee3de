"""`Trial`: one Architecture with everything that was found out about it, or the reason why it failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from mlforge.records.architecture import Architecture, Convolution, Layer
from mlforge.records.attempt import Attempt
from mlforge.records.cost import Cost
from mlforge.records.events import EventQuality
from mlforge.records.quality import Quality
from mlforge.records.serial import new_converter, structure
from mlforge.records.verdict import Verdict

Parameter: TypeAlias = int | float | str | bool


class State(StrEnum):
    REJECTED = "rejected"  # broke a limit before training, or is too large to be built (`failure`); never trained
    TRAINED = "trained"  # has Cost and Quality; its Verdict says whether it meets the contract
    STOPPED = "stopped"  # within the hard limits, but its training fell behind earlier ones; `failure` says when
    FAILED = "failed"  # a stage broke; `failure` says which and why


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a trial ended before it had a quality."""

    stage: str  # propose, compile, build, run, train, quantise, verify
    reason: str
    log: str = ""  # the tail of what the tool printed


@dataclass(frozen=True, slots=True)
class Epoch:
    """Losses are cross-entropies, or mean squared errors: for regression in units of the targets' variance. For anomaly
    `validation_loss` is 1 less the area under the ROC curve, with what breaks ties (training/fit.py)."""

    loss: float  # on the training split, with augmentation and dropout
    validation_loss: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Inherited:
    """What a training began with: these layers' weights of an earlier trial."""

    trial: int
    layers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """`number` counts from 0 without gaps. `parameters` are the search space's coordinates of the architecture that was
    proposed: `parent` where `architecture` is what pruning left of it."""

    number: int
    state: State
    architecture: Architecture
    parameters: Mapping[str, Parameter]
    cost: Cost | None = None
    qualities: tuple[Quality, ...] = ()
    verdict: Verdict | None = None
    failure: Failure | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)  # wall time by stage
    artefacts: Mapping[str, str] = field(default_factory=dict)  # "model.tflite" and the like, to SHA-256
    history: tuple[Epoch, ...] = ()  # of the training, as far as it went
    recalled: tuple[str, ...] = ()  # stages whose results were known from earlier trials or studies
    proposer: str = ""  # who proposed it; empty in trials of older studies
    reasoning: str = ""  # an agent's sentence about it: whatever a language model wrote, in one line
    handed_over: str = ""  # why the agent, whose turn it was, did not propose it
    parent: Architecture | None = None
    inherited: Inherited | None = None  # None where the training began with random weights
    attempts: tuple[Attempt, ...] = ()  # ways of making the model, in the order in which they were tried
    events: EventQuality | None = None  # of the validation streams, where the contract judges events

    @property
    def counts(self) -> bool:
        """Whether it counts against the budget: one that was rejected before training has cost next to nothing."""
        return self.state is not State.REJECTED

    @property
    def proposed(self) -> Architecture:
        """The architecture as the proposer gave it."""
        return self.parent or self.architecture

    def to_json(self) -> str:
        return _CONVERTER.dumps(self, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Trial:
        """Raises ValueError where the text is no Trial."""
        return structure(_CONVERTER, _CONVERTER.loads(text, dict), cls)


_CONVERTER: Final = new_converter(Convolution, Layer)
_CONVERTER.register_structure_hook(Parameter, lambda value, _: value)
