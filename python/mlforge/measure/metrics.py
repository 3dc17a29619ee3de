"""The metrics themselves, each with what every example adds to its error. NumPy only.

A metric here is a smooth function of means over examples, so that its error is, to first order, the sum of what each
example contributes: its influence (Hampel, JASA 69, 1974). Who sums influences by group gets the standard error for
groups. Definitions are those of scikit-learn's `sklearn.metrics`, to which the tests hold them by hand-made cases.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import DataError
from mlforge.measure.threshold import threshold_for
from mlforge.records.quality import Metric

Floats: TypeAlias = NDArray[np.float64]
Values: TypeAlias = NDArray[Any]
Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Scored:
    """`influence`, float [n], of the examples that the metric is about, float; `members`, bool [N], says which these
    are. None where an influence makes no sense: the largest error is that of one example."""

    value: float
    influence: Floats | None
    members: Flags


def of_classes(metric: Metric, truth: Values, answers: Values) -> Scored:
    """Accuracy, balanced accuracy, or the mean F1 over the classes, of class indices [N] both.

    Balanced accuracy counts the classes that occur in the truth, F1 those that occur there or among the answers.
    """
    everybody = np.ones(len(truth), bool)
    if metric is Metric.ACCURACY:
        hits = (truth == answers).astype(np.float64)
        return Scored(float(hits.mean()), (hits - hits.mean()) / len(hits), everybody)
    of_one = Metric.RECALL if metric is Metric.BALANCED_ACCURACY else Metric.F1
    classes = np.unique(truth) if of_one is Metric.RECALL else np.unique(np.concatenate([truth, answers]))
    parts = [of_class(of_one, truth, answers, int(each)) for each in classes]
    influence = np.zeros(len(truth))
    for part in parts:
        if part.influence is not None:
            influence[part.members] += part.influence / len(parts)
    return Scored(float(np.mean([part.value for part in parts])), influence, everybody)


def of_class(metric: Metric, truth: Values, answers: Values, index: int) -> Scored:
    """Recall, precision, F1 or false alarms of one class. A share of no examples is 0."""
    true, said = truth == index, answers == index
    hit = (true & said).astype(np.float64)
    match metric:
        case Metric.RECALL:
            return _share(hit, true)
        case Metric.PRECISION:
            return _share(hit, said)
        case Metric.FALSE_ALARMS:
            return _share((said & ~true).astype(np.float64), ~true)
    weight = true.astype(np.float64) + said
    total = float(weight.sum())
    value = 2 * float(hit.sum()) / total if total else 0.0
    members = true | said
    return Scored(value, ((2 * hit - value * weight) / total)[members] if total else np.zeros(0), members)


def of_values(metric: Metric, truth: Floats, answers: Floats) -> Scored:
    """MSE, MAE, R2 (the mean over outputs) or the largest error, of values [N, outputs] both.

    Raises:
        DataError: R2 of an output that is the same in all examples.
    """
    everybody, errors = np.ones(len(truth), bool), answers - truth
    if metric is Metric.LARGEST_ERROR:
        return Scored(float(np.abs(errors).max()), None, everybody)
    if metric is Metric.R2:
        squares, around = np.square(errors), np.square(truth - truth.mean(axis=0))
        total = around.sum(axis=0)
        if not total.all():
            raise DataError("r2 needs values that differ: one output is the same in all examples")
        missed = squares.sum(axis=0) / total
        influence = -((squares - missed * around) / total).mean(axis=1)
        return Scored(float((1.0 - missed).mean()), influence, everybody)
    scores = (np.square(errors) if metric is Metric.MSE else np.abs(errors)).mean(axis=1)
    return Scored(float(scores.mean()), (scores - scores.mean()) / len(scores), everybody)


def detection(scores: Floats, anomalous: Flags, false_alarms: float) -> Scored:
    """The share of anomalies above the threshold that so many normal examples exceed at most. Scores are [N], higher is
    stranger. The error takes the threshold as given."""
    threshold = threshold_for(scores, anomalous.astype(np.int64), false_alarms)
    return _share((scores > threshold).astype(np.float64), anomalous)


def confusion(truth: Values, answers: Values, classes: int) -> NDArray[np.int64]:
    """Counts [classes, classes]: rows are the truth, columns the answers."""
    flat = np.bincount(truth.astype(np.int64) * classes + answers, minlength=classes * classes)
    return flat.reshape(classes, classes).astype(np.int64)


def _share(hits: Floats, members: Flags) -> Scored:
    count = int(members.sum())
    if not count:
        return Scored(0.0, np.zeros(0), members)
    chosen = hits[members]
    return Scored(float(chosen.mean()), (chosen - chosen.mean()) / count, members)


# The shares of false alarms at which a quality records what is detected.
CURVE: Final = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7)
USUAL_FALSE_ALARMS: Final = 0.05
OVERALL: Final[Mapping[Metric, tuple[Metric, ...]]] = {
    member: family
    for family in (
        (Metric.ACCURACY, Metric.BALANCED_ACCURACY, Metric.F1),
        (Metric.MSE, Metric.MAE, Metric.R2, Metric.LARGEST_ERROR),
        (Metric.AUC,),
    )
    for member in family
}
