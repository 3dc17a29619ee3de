"""What a search trades off: quality against flash, RAM and latency; and the trials that nothing beats in all of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mlforge.records.quality import Metric
from mlforge.records.trial import State, Trial
from mlforge.search.history import Direction, direction, objective

_WORST: Final = 1e9  # of what was not measured


def objectives(trial: Trial, metric: Metric) -> tuple[float, ...]:
    """Quality on the validation split, then flash and RAM in bytes and latency in us; what is missing counts as bad."""
    quality = objective(trial, metric)
    if quality is None:
        quality = -_WORST if metric.higher_is_better else _WORST
    if trial.cost is None:
        return quality, _WORST, _WORST, _WORST
    return quality, float(trial.cost.flash.total), float(trial.cost.ram.total), trial.cost.total_latency_us


def objective_directions(metric: Metric) -> tuple[Direction, ...]:
    return direction(metric), "minimize", "minimize", "minimize"


def front(trials: Sequence[Trial], metric: Metric) -> tuple[int, ...]:
    """The numbers of the trained trials within all limits that no other such trial beats: none is at least as good
    and as cheap in every respect and better in one. Of equals the first counts."""
    sign = -1.0 if metric.higher_is_better else 1.0
    points = {
        trial.number: (sign * values[0], *values[1:])
        for trial in sorted(trials, key=lambda trial: trial.number)
        if trial.state is State.TRAINED
        and trial.verdict
        and trial.verdict.feasible
        and objective(trial, metric) is not None
        for values in [objectives(trial, metric)]
    }
    return tuple(
        number
        for number, point in points.items()
        if not any(_beats(other, point) or (other == point and earlier < number) for earlier, other in points.items())
    )


def _beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))
