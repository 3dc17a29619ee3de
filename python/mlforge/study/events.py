"""What a study tells whoever watches it. Calls may come from worker threads; an observer must be quick and must not
raise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from mlforge.records.trial import Epoch, Trial


class Observer(Protocol):
    def begun(self, budget: int, finished: Sequence[Trial], retried: int) -> None:
        """The study starts or resumes: `finished` stood in the store, `retried` were interrupted."""
        ...

    def stage(self, number: int, stage: str) -> None:
        """Trial `number` enters a stage: propose, cost, train, verify."""
        ...

    def epoch(self, number: int, history: Sequence[Epoch], epochs: int) -> None:
        """Trial `number` has trained so far, of so many epochs at most."""
        ...

    def ended(self, trial: Trial) -> None:
        """A trial is finished and stored."""
        ...


class Silent:
    """An Observer that does nothing."""

    def begun(self, budget: int, finished: Sequence[Trial], retried: int) -> None: ...

    def stage(self, number: int, stage: str) -> None: ...

    def epoch(self, number: int, history: Sequence[Epoch], epochs: int) -> None: ...

    def ended(self, trial: Trial) -> None: ...
