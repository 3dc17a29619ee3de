"""Standard errors where groups are what was sampled: examples of one person resemble each other. NumPy only."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import DataError
from mlforge.measure.metrics import Scored

Floats: TypeAlias = NDArray[np.float64]
Values: TypeAlias = NDArray[Any]
Clusters: TypeAlias = NDArray[np.int64]

LOTS: Final = 64


@dataclass(frozen=True, slots=True)
class Judged:
    value: float
    error: float | None  # None where one group alone was measured
    deviations: Floats  # by cluster; see records.quality.Quality
    groups: int  # independent ones; 0 where the caller named none


def linear(scored: Scored, clusters: Clusters, named: bool) -> Judged:
    """A metric and its standard error when clusters are what was sampled: for a mean that of a ratio estimator
    (Cochran, Sampling Techniques, 3rd ed., section 9A.2 without the finite-population term). A few clusters agree by
    chance, so it is never less than if each example were a sample of its own."""
    influence = scored.influence
    if influence is None or not len(influence):
        return Judged(scored.value, None, np.zeros(0), 0)
    clusters = np.unique(clusters[scored.members], return_inverse=True)[1]
    count, examples = int(clusters.max()) + 1, len(influence)
    if count < 2:  # nothing is known of other groups; examples stand in where models are compared
        return Judged(scored.value, None, influence if named else influence[:0], count if named else 0)
    deviations = np.bincount(clusters, influence).astype(np.float64)
    variance = count / (count - 1) * float(np.square(deviations).sum())
    least = examples / (examples - 1) * float(np.square(influence).sum())
    return Judged(scored.value, sqrt(max(variance, least)), deviations, count if named else 0)


def area(scores: Floats, y: Values, clusters: Clusters, named: bool) -> Judged:
    """The area under the ROC curve, and its standard error for clustered data (Obuchowski, Biometrics 53, 1997, which
    for clusters of one is DeLong's), never less than DeLong's."""
    positive = np.asarray(y).astype(bool)
    m, n = int(positive.sum()), int((~positive).sum())
    if m == 0 or n == 0:
        raise DataError("auc needs normal and anomalous examples", hint="label normal examples 0 and anomalous ones 1")
    above = _placements(scores[positive], scores[~positive])
    below = 1.0 - _placements(scores[~positive], scores[positive])
    area = float(above.mean())
    fewer = min(len(np.unique(clusters[positive])), len(np.unique(clusters[~positive])))
    if fewer < 2:  # one group of a class alone: as for the mean
        clusters = np.arange(len(y))
    count = int(clusters.max()) + 1
    one = np.bincount(clusters[positive], above - area, minlength=count) / m
    zero = np.bincount(clusters[~positive], below - area, minlength=count) / n
    variance = _spread(one, clusters[positive]) + _spread(zero, clusters[~positive])
    variance += 2.0 * count / (count - 1) * float((one * zero).sum())
    least = _spread(above - area, np.arange(m)) / m**2 + _spread(below - area, np.arange(n)) / n**2
    error = sqrt(max(variance, least)) if fewer > 1 else None
    return Judged(area, error, one + zero, fewer if named else 0)


def _spread(sums: Floats, clusters: Clusters) -> float:
    count = len(np.unique(clusters))
    return count / (count - 1) * float(np.square(sums).sum()) if count > 1 else 0.0


def in_lots(deviations: Floats) -> tuple[float, ...]:
    """At most `LOTS` numbers: beyond that, samples are dealt to lots in turn, which serves to compare two models (the
    random groups of Wolter, Introduction to Variance Estimation, 2nd ed., section 2.2)."""
    lots = np.bincount(np.arange(len(deviations)) % LOTS, deviations) if len(deviations) else deviations
    return tuple(float(value) for value in lots)


def _placements(scores: Floats, others: Floats) -> Floats:
    """For each score the share of the others that lie below it, ties counted half."""
    others = np.sort(others)
    lower, upper = np.searchsorted(others, scores, "left"), np.searchsorted(others, scores, "right")
    return (lower + upper) / (2.0 * len(others))
