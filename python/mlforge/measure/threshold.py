"""The threshold of an anomaly score: chosen by the false alarms that it may raise, and judged. NumPy only."""

from __future__ import annotations

from math import floor
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import DataError
from mlforge.records.quality import Split
from mlforge.records.threshold import AlarmRates

_MORE: Final = 1 + 1e-6


def threshold_for(scores: NDArray[np.float64], y: NDArray[np.int64], false_alarms: float) -> float:
    """The least threshold that at most this share of the normal examples exceeds, and a millionth more: how a target
    rounds must not decide about the example that it lies at.

    Args:
        scores: float [N] or [N, 1], higher is stranger; an example above the threshold is an alarm.
        y: [N] of 0 (normal) and 1.

    Raises:
        DataError: no normal example.
    """
    normal = np.sort(np.asarray(scores, np.float64).reshape(-1)[np.asarray(y) == 0])
    if not len(normal):
        raise DataError("a threshold needs normal examples")
    allowed = min(floor(false_alarms * len(normal) + 1e-9), len(normal) - 1)
    return float(normal[len(normal) - 1 - allowed]) * _MORE


def alarm_rates(scores: NDArray[np.float64], y: NDArray[np.int64], threshold: float, split: Split) -> AlarmRates:
    """What the threshold does to the examples of a split; a share of none is 0."""
    alarms, anomalous = np.asarray(scores).reshape(-1) > threshold, np.asarray(y) == 1
    false_alarms, detected = (float(alarms[of].mean()) if of.any() else 0.0 for of in (~anomalous, anomalous))
    return AlarmRates(split, false_alarms, detected, int((~anomalous).sum()), int(anomalous.sum()))
