"""Events held against what was found, and how sure a rate of false accepts is."""

from __future__ import annotations

import numpy as np
import pytest

from mlforge.measure.events import Event, Found, Tally, most_false_accepts, quality_of, tally
from mlforge.records.events import EventQuality
from mlforge.records.quality import Split

EVENTS = (Event(1, 100, 200), Event(2, 300, 400))


def found(*pairs: tuple[int, int]) -> Found:
    return Found(np.array([frame for frame, _ in pairs], np.int64), np.array([label for _, label in pairs], np.int32))


@pytest.mark.parametrize(
    ("pairs", "hits", "false_accepts"),
    [
        ([], 0, 0),
        ([(150, 1), (350, 2)], 2, 0),
        ([(100, 1)], 0, 1),  # nothing of the event has been heard yet
        ([(101, 1)], 1, 0),
        ([(210, 1)], 1, 0),
        ([(211, 1)], 0, 1),
        ([(150, 2)], 0, 1),  # the other class
        ([(150, 1), (160, 1)], 1, 1),  # twice
        ([(50, 1), (250, 2)], 0, 2),
    ],
)
def test_an_event_is_recognised_once_and_in_time(pairs: list[tuple[int, int]], hits: int, false_accepts: int) -> None:
    assert tally(EVENTS, found(*pairs), 10) == Tally(2, hits, false_accepts)


def test_events_may_overlap() -> None:
    events = (Event(1, 0, 1000), Event(1, 10, 20), Event(2, 15, 900))
    assert tally(events, found((500, 1), (501, 2), (502, 1)), 0) == Tally(3, 2, 1)


def test_measures() -> None:
    quality = quality_of(Tally(10, 8, 2), Split.TEST, 0.5)
    assert (quality.recall, quality.precision, quality.false_accepts_per_hour) == (0.8, 0.8, 4.0)
    assert quality.f1 == pytest.approx(0.8)


def test_measures_of_nothing() -> None:
    nothing = EventQuality(Split.TEST, 0, 0, 0, 0.0)
    assert (nothing.recall, nothing.precision, nothing.f1, nothing.false_accepts_per_hour) == (1.0, 1.0, 1.0, 0.0)


@pytest.mark.parametrize(("count", "mean"), [(0, 2.996), (1, 4.744), (10, 16.96), (1000, 1053.6)])
def test_upper_ends_of_poisson_counts(count: int, mean: float) -> None:
    """Half the 0.95 quantile of chi squared with 2 count + 2 degrees of freedom."""
    assert most_false_accepts(EventQuality(Split.TEST, 1, 1, count, 2.0)) == pytest.approx(mean / 2, rel=1e-3)


def test_no_time_says_nothing() -> None:
    assert most_false_accepts(EventQuality(Split.TEST, 1, 1, 0, 0.0)) == float("inf")
