"""A Trial in the making, and how its evaluation may end before its time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from mlforge.records.architecture import Architecture
from mlforge.records.attempt import Attempt
from mlforge.records.cost import Cost
from mlforge.records.events import EventQuality
from mlforge.records.quality import Quality
from mlforge.records.trial import Epoch, Failure, Inherited, State, Trial
from mlforge.records.verdict import Verdict
from mlforge.search.proposer import Proposal
from mlforge.study.events import Observer
from mlforge.study.memory.result_cache import Cached
from mlforge.training.request import Stopped

T = TypeVar("T")


class StoppedError(Exception):
    """Ends an evaluation whose training fell behind; no failure of anything."""

    def __init__(self, stopped: Stopped) -> None:
        epochs, loss = len(stopped.history), min(epoch.validation_loss for epoch in stopped.history)
        super().__init__(f"stopped after {epochs} epochs: validation loss {loss:.3f}, behind half of the earlier ones")


@dataclass(slots=True)
class TrialDraft:
    """A Trial in the making: what is known of it when it ends, wherever it ends."""

    number: int
    proposal: Proposal
    observer: Observer
    architecture: Architecture
    current: str = "cost"
    cost: Cost | None = None
    qualities: tuple[Quality, ...] = ()
    events: EventQuality | None = None
    verdict: Verdict | None = None
    artefacts: dict[str, str] = field(default_factory=dict)
    history: tuple[Epoch, ...] = ()
    inherited: Inherited | None = None
    attempts: tuple[Attempt, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    fresh: set[str] = field(default_factory=set)  # stages in which something was really measured

    def take(self, known: Cached[T]) -> T:
        if not known.from_cache:
            self.fresh.add(self.current)
        return known.value

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self.current = name
        self.observer.stage(self.number, name)
        start = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = round(time.monotonic() - start, 3)

    def ended(self, state: State, failure: Failure | None = None) -> Trial:
        return Trial(
            number=self.number,
            state=state,
            architecture=self.architecture,
            parent=self.proposal.architecture if self.architecture != self.proposal.architecture else None,
            inherited=self.inherited,
            attempts=self.attempts,
            parameters=dict(self.proposal.parameters),
            cost=self.cost,
            qualities=self.qualities,
            events=self.events,
            verdict=self.verdict,
            failure=failure,
            seconds=self.seconds,
            artefacts=self.artefacts,
            history=self.history,
            recalled=tuple(stage for stage in self.seconds if stage not in self.fresh)
            if state is not State.FAILED
            else (),
            proposer=self.proposal.proposer,
            reasoning=self.proposal.reasoning,
            handed_over=self.proposal.handed_over,
        )
