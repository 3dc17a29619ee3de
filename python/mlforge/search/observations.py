"""What finished trials say of how well an architecture learns: one number each, lower is better, fit for a model.

It is the logarithm of the lowest loss on validation data. Between two trainings of one network it differs far less than
the accuracy of some hundred examples does. An autoencoder's loss says little of what it finds (it may rebuild anomalies
just as well), so there the metric itself is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from statistics import median
from typing import Final

from mlforge.records.quality import Metric
from mlforge.records.trial import State, Trial
from mlforge.search.history import objective

_LEAST: Final = 1e-6
_ROOM: Final = 0.02  # above a perfect score: its logarithm is finite


def observations(trials: Sequence[Trial], metric: Metric) -> dict[int, float]:
    """By trial number, of those that were trained, or stopped on the way."""
    trained = [trial for trial in trials if trial.state is State.TRAINED]
    stopped = [trial for trial in trials if trial.state is State.STOPPED and trial.history]
    if metric is Metric.AUC or not all(trial.history for trial in trained):
        values = {trial.number: objective(trial, metric) for trial in trained}
        return {number: _of_metric(value, metric) for number, value in values.items() if value is not None}
    found = {trial.number: log(max(_lowest(trial, None), _LEAST)) for trial in trained}
    for trial in stopped:
        found[trial.number] = log(max(_lowest(trial, None), _LEAST)) + _still_to_gain(trained, len(trial.history))
    return found


def _still_to_gain(trained: Sequence[Trial], epochs: int) -> float:
    """How much trainings gained after so many epochs, as the median of their logarithms; 0 or less."""
    gains = [
        log(max(_lowest(trial, None), _LEAST) / max(_lowest(trial, epochs), _LEAST))
        for trial in trained
        if len(trial.history) > epochs
    ]
    return median(gains) if gains else 0.0


def _lowest(trial: Trial, epochs: int | None) -> float:
    return min(epoch.validation_loss for epoch in trial.history[:epochs])


def _of_metric(value: float, metric: Metric) -> float:
    return log(max(1.0 + _ROOM - value, _LEAST)) if metric.higher_is_better else log(max(value, _LEAST))
