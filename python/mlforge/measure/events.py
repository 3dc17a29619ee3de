"""Decisions of long recordings held against the events that are in them. NumPy only; it knows no model."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, lgamma, log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.records.events import EventQuality
from mlforge.records.quality import Split

CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Event:
    """Something of a class, from `start` to before `end`, in frames of its stream."""

    label: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Found:
    """What was recognised in one stream: `frames` [M], in ascending order, is where the stream was then, and `labels`
    [M] as what."""

    frames: NDArray[np.int64]
    labels: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Tally:
    events: int
    hits: int
    false_accepts: int

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.events + other.events, self.hits + other.hits, self.false_accepts + other.false_accepts)


def tally(events: Sequence[Event], found: Found, tolerance: int) -> Tally:
    """Each event is recognised at most once: by the first finding of its class between its start and `tolerance` frames
    behind its end. Every other finding is a false accept, a second one of the same event, too."""
    starts = [event.start for event in events]
    longest = max((event.end - event.start for event in events), default=0) + tolerance
    taken = [False] * len(events)
    false_accepts = 0
    for frame, label in zip(found.frames.tolist(), found.labels.tolist(), strict=True):
        first, last = bisect_left(starts, frame - longest), bisect_left(starts, frame)
        match = next(
            (at for at in range(first, last) if not taken[at] and _is(events[at], label, frame, tolerance)), None
        )
        if match is None:
            false_accepts += 1
        else:
            taken[match] = True
    return Tally(len(events), sum(taken), false_accepts)


def _is(event: Event, label: int, frame: int, tolerance: int) -> bool:
    return event.label == label and event.start < frame <= event.end + tolerance


def quality_of(total: Tally, split: Split, hours: float) -> EventQuality:
    return EventQuality(split, total.events, total.hits, total.false_accepts, hours)


def most_false_accepts(quality: EventQuality) -> float:
    """Per hour, at most, with 95 % confidence: the upper end of Garwood's one-sided interval of a Poisson count
    (Biometrika 28, 1936). Infinite where no time has passed."""
    if not quality.hours:
        return float("inf")
    low, high = float(quality.false_accepts), 10.0 + 4.0 * quality.false_accepts
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(quality.false_accepts, middle) > 1 - CONFIDENCE else (low, middle)
    return high / quality.hours


def _at_most(count: int, mean: float) -> float:
    """The probability of at most so many of a Poisson distribution."""
    if not mean:
        return 1.0
    return sum(exp(index * log(mean) - mean - lgamma(index + 1)) for index in range(count + 1))
