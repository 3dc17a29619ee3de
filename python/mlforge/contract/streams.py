"""How scores of a stream become decisions and events, and what these are judged by. Plain frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import ceil


@dataclass(frozen=True, slots=True)
class DecisionSpec:
    """A decision for a class begins at the score `enter` and ends below `leave`, from 0 to 1 both."""

    enter: float
    leave: float


@dataclass(frozen=True, slots=True)
class FalseAccepts:
    """A rule for `enter`: the score with the most recall that at most so many false accepts an hour go with, on
    validation streams."""

    per_hour: float


@dataclass(frozen=True, slots=True)
class Span:
    """A number of windows, or a time."""

    windows: int = 0
    time_us: float | None = None

    def windows_of(self, hop_us: float) -> int:
        """At least so long, in windows that begin every `hop_us`."""
        return self.windows if self.time_us is None else ceil(self.time_us / hop_us - 1e-9)


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """The contract's `decision`. `common` is for all classes that `classes` does not name; with None they decide as if
    there were no thresholds. `background` names the classes that are no event."""

    common: DecisionSpec | FalseAccepts | None = None
    classes: Mapping[str, DecisionSpec] = field(default_factory=dict)
    smoothing: Span = Span(1)
    consecutive: int = 1
    refractory: Span = Span()
    background: tuple[str, ...] = ()


class EventMetric(StrEnum):
    RECALL = "recall"
    PRECISION = "precision"
    F1 = "f1"
    FALSE_ACCEPTS = "false_accepts_per_hour"

    @property
    def higher_is_better(self) -> bool:
        return self is not EventMetric.FALSE_ACCEPTS


@dataclass(frozen=True, slots=True)
class EventsSpec:
    """The contract's `events`. `recordings` is a directory beside the contract, empty where streams are made of the
    data set's own recordings. `tolerance_us` is how long after its end an event may still be recognised; None for as
    long as a window may still see it."""

    goals: Mapping[EventMetric, float]
    recordings: str = ""
    tolerance_us: float | None = None
