"""A model's answers held against the truth: the metric, how sure it is, and its value per stratum. NumPy only.

The same function judges float and int8, host and target: whoever has outputs calls it. It knows no model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, hypot, inf, log, sqrt, tanh
from statistics import NormalDist
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import DataError, ModelError
from mlforge.measure.student import quantile
from mlforge.records.quality import Metric, Quality, Split, Stage

Floats: TypeAlias = NDArray[np.float64]
Values: TypeAlias = NDArray[Any]
Clusters: TypeAlias = NDArray[np.int64]

LOTS: Final = 64


def evaluate(
    outputs: NDArray[np.floating[Any]],
    y: Values,
    *,
    metric: Metric,
    stage: Stage,
    split: Split,
    groups: Values | None = None,
    strata: Mapping[str, Values] | None = None,
) -> Quality:
    """Judges the outputs of one split.

    Args:
        outputs: float [N, k]. Class scores for accuracy, values for mse, and for auc the anomaly score [N, 1] (see
            `reconstruction_error`). Dequantised, where the model is int8.
        y: [N] class indices for accuracy; [N] or [N, k] values for mse; [N] of 0 (normal) and 1 for auc.
        groups: [N], what is independent of each other (people, machines).
        strata: by name, [N] values; each value gets the metric of its own.

    Raises:
        ModelError: outputs that are not finite, or not one row an example.
        DataError: no examples, auc with one class only, or mse of another width than the outputs.
    """
    _check(np.asarray(outputs), y)
    outputs = np.asarray(outputs, np.float64).reshape(len(outputs), -1)
    judged = _judge(outputs, y, metric, groups)
    by_stratum: dict[str, float] = {}
    examples: dict[str, int] = {}
    for name, values in sorted((strata or {}).items()):
        for each in np.unique(values):
            where = values == each
            if metric is not Metric.AUC or len(np.unique(y[where])) == 2:
                by_stratum[f"{name}={each}"] = _judge(outputs[where], y[where], metric, None).value
                examples[f"{name}={each}"] = int(where.sum())
    return Quality(
        stage=stage,
        split=split,
        metric=metric,
        value=judged.value,
        standard_error=judged.error,
        examples=len(y),
        groups=judged.groups,
        strata=by_stratum,
        strata_examples=examples,
        deviations=_in_lots(judged.deviations),
    )


def interval(quality: Quality, confidence: float = 0.95) -> tuple[float, float]:
    """Where the metric lies for other people or machines of the same kind, with that confidence.

    Student's t with the number of independent samples less one degrees of freedom, on the scale of log odds (accuracy,
    auc) or of logarithms (mse), where the error hardly depends on the value (the delta method: Pepe, The Statistical
    Evaluation of Medical Tests, 2003, section 5.2.3). Without a single error, or without any success, that scale ends:
    there it is Wilson's interval, as if each sample were one try. One sample alone gives the whole range of the metric.
    """
    mean_square = quality.metric is Metric.MSE
    samples, value, error = quality.groups or quality.examples, quality.value, quality.standard_error
    if error is None or samples < 2:
        return (0.0, inf) if mean_square else (0.0, 1.0)
    if mean_square:
        factor = exp(min(quantile(confidence, samples - 1) * error / value, 700.0)) if value > 0 else 1.0
        return value / factor, value * factor
    if not 0.0 < value < 1.0:
        sure = samples / (samples + NormalDist().inv_cdf((1 + confidence) / 2) ** 2)
        return (sure, 1.0) if value >= 1.0 else (0.0, 1.0 - sure)
    middle, reach = log(value / (1 - value)), quantile(confidence, samples - 1) * error / (value * (1 - value))
    low, high = (0.5 * (1 + tanh((middle + side) / 2)) for side in (-reach, reach))
    return low, high


def error_of_difference(one: Quality, other: Quality) -> tuple[float, int]:
    """The standard error of the difference of two models' values, and its degrees of freedom: in pairs where both were
    judged on the same samples, else as if on different ones. Infinite where that is unknown."""
    count = len(one.deviations)
    if count > 1 and count == len(other.deviations):
        squares = sum((a - b) ** 2 for a, b in zip(one.deviations, other.deviations, strict=True))
        return sqrt(count / (count - 1) * squares), min(count, one.groups if one.groups > 1 else count) - 1
    if one.standard_error is None or other.standard_error is None:
        return inf, 1
    samples = min(quality.groups if quality.groups > 1 else quality.examples for quality in (one, other))
    return hypot(one.standard_error, other.standard_error), max(1, samples - 1)


def worst_stratum(quality: Quality, columns: Sequence[str]) -> tuple[str, float]:
    """The stratum of these columns with the worst value, such as `("subject=7", 0.8)`; of equals the first by name.

    Raises:
        DataError: none of them could be judged: for auc, each has normal or anomalous examples only.
    """
    found = {name: value for name, value in quality.strata.items() if name.partition("=")[0] in columns}
    if not found:
        raise DataError(
            f"no stratum of {', '.join(columns)} in the {quality.split} split has its own {quality.metric}",
            hint="auc needs normal and anomalous examples in a stratum; name other columns in data.strata",
        )
    sign = 1.0 if quality.metric.higher_is_better else -1.0
    name = min(sorted(found), key=lambda each: sign * found[each])
    return name, found[name]


def reconstruction_error(outputs: NDArray[np.floating[Any]], inputs: NDArray[np.floating[Any]]) -> Floats:
    """An autoencoder's anomaly score [N, 1]: the mean squared difference of output and input, both [N, ...]."""
    flat = np.asarray(outputs, np.float64).reshape(len(outputs), -1)
    scores: Floats = np.square(flat - np.asarray(inputs, np.float64).reshape(len(inputs), -1)).mean(1, keepdims=True)
    return scores


def _check(outputs: Values, y: Values) -> None:
    if not len(y):
        raise DataError("no examples to judge the model by")
    if len(outputs) != len(y):
        raise ModelError(f"{len(outputs)} outputs for {len(y)} examples")
    if not np.isfinite(outputs).all():
        row = int(np.argmin(np.isfinite(outputs.reshape(len(outputs), -1)).all(axis=1)))
        raise ModelError(f"the output for example {row} is not finite")


@dataclass(frozen=True, slots=True)
class _Judged:
    value: float
    error: float | None  # None where one group alone was measured
    deviations: Floats  # by cluster; see records.quality.Quality
    groups: int  # independent ones; 0 where the caller named none


def _judge(outputs: Floats, y: Values, metric: Metric, groups: Values | None) -> _Judged:
    clusters = np.arange(len(y)) if groups is None else np.unique(groups, return_inverse=True)[1]
    if metric is Metric.AUC:
        return _auc(outputs[:, 0], y, clusters, groups is not None)
    if metric is Metric.ACCURACY:
        scores = (outputs.argmax(axis=1) == y).astype(np.float64)
    else:
        truth = np.asarray(y, np.float64).reshape(len(y), -1)
        if truth.shape != outputs.shape:
            raise DataError(f"{truth.shape[1]} values an example, but the model has {outputs.shape[1]} outputs")
        scores = np.square(outputs - truth).mean(axis=1)
    return _mean(scores, clusters, groups is not None)


def _mean(scores: Floats, clusters: Clusters, named: bool) -> _Judged:
    """The mean over examples, and its standard error when clusters are what was sampled: that of a ratio estimator
    (Cochran, Sampling Techniques, 3rd ed., section 9A.2 without the finite-population term). A few clusters agree by
    chance, so it is never less than if each example were a sample of its own."""
    value = float(scores.mean())
    count = int(clusters.max()) + 1
    if count < 2:  # nothing is known of other groups; examples stand in where models are compared
        alone = (scores - value) / len(scores)
        return _Judged(value, None, alone if named else alone[:0], count if named else 0)
    deviations = np.bincount(clusters, scores - value) / len(scores)
    variance = count / (count - 1) * float(np.square(deviations).sum())
    least = float(np.square(scores - value).sum()) / (len(scores) * (len(scores) - 1))
    return _Judged(value, sqrt(max(variance, least)), deviations, count if named else 0)


def _auc(scores: Floats, y: Values, clusters: Clusters, named: bool) -> _Judged:
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
    return _Judged(area, error, one + zero, fewer if named else 0)


def _spread(sums: Floats, clusters: Clusters) -> float:
    count = len(np.unique(clusters))
    return count / (count - 1) * float(np.square(sums).sum()) if count > 1 else 0.0


def _in_lots(deviations: Floats) -> tuple[float, ...]:
    """At most `LOTS` numbers: beyond that, samples are dealt to lots in turn, which serves to compare two models (the
    random groups of Wolter, Introduction to Variance Estimation, 2nd ed., section 2.2)."""
    lots = np.bincount(np.arange(len(deviations)) % LOTS, deviations) if len(deviations) else deviations
    return tuple(float(value) for value in lots)


def _placements(scores: Floats, others: Floats) -> Floats:
    """For each score the share of the others that lie below it, ties counted half."""
    others = np.sort(others)
    lower, upper = np.searchsorted(others, scores, "left"), np.searchsorted(others, scores, "right")
    return (lower + upper) / (2.0 * len(others))
