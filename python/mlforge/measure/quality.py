"""A model's answers held against the truth: the metric, how sure it is, and its value per stratum. NumPy only.

The same function judges float and int8, host and target: whoever has outputs calls it. It knows no model.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import DataError, ModelError
from mlforge.records.quality import Metric, Quality, Split, Stage

Floats: TypeAlias = NDArray[np.float64]
Values: TypeAlias = NDArray[Any]


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
    value, error = _judge(outputs, y, metric, groups)
    by_stratum: dict[str, float] = {}
    for name, values in sorted((strata or {}).items()):
        for each in np.unique(values):
            where = values == each
            if metric is not Metric.AUC or len(np.unique(y[where])) == 2:
                by_stratum[f"{name}={each}"] = _judge(outputs[where], y[where], metric, None)[0]
    return Quality(
        stage, split, metric, value, error, len(y), 0 if groups is None else len(np.unique(groups)), by_stratum
    )


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


def _judge(outputs: Floats, y: Values, metric: Metric, groups: Values | None) -> tuple[float, float]:
    """The metric and its standard error."""
    clusters = (
        np.arange(len(y)) if groups is None or len(np.unique(groups)) < 2 else np.unique(groups, return_inverse=True)[1]
    )
    match metric:
        case Metric.ACCURACY:
            return _mean((outputs.argmax(axis=1) == y).astype(np.float64), clusters)
        case Metric.MSE:
            truth = np.asarray(y, np.float64).reshape(len(y), -1)
            if truth.shape != outputs.shape:
                raise DataError(f"{truth.shape[1]} values an example, but the model has {outputs.shape[1]} outputs")
            return _mean(np.square(outputs - truth).mean(axis=1), clusters)
        case Metric.AUC:
            return _auc(outputs[:, 0], y, clusters)


def _mean(scores: Floats, clusters: NDArray[np.int64]) -> tuple[float, float]:
    """The mean over examples, and its standard error when clusters are what was sampled: that of a ratio estimator
    (Cochran, Sampling Techniques, 3rd ed., section 9A.2 without the finite-population term)."""
    value = float(scores.mean())
    count = int(clusters.max()) + 1
    if count < 2:
        return value, 0.0
    residuals = np.bincount(clusters, scores - value)
    return value, sqrt(count / (count - 1) * float(np.square(residuals).sum())) / len(scores)


def _auc(scores: Floats, y: Values, clusters: NDArray[np.int64]) -> tuple[float, float]:
    """The area under the ROC curve, and its standard error for clustered data (Obuchowski, Biometrics 53, 1997, which
    for clusters of one is DeLong's)."""
    positive = np.asarray(y).astype(bool)
    m, n = int(positive.sum()), int((~positive).sum())
    if m == 0 or n == 0:
        raise DataError("auc needs normal and anomalous examples", hint="label normal examples 0 and anomalous ones 1")
    above = _placements(scores[positive], scores[~positive])
    below = 1.0 - _placements(scores[~positive], scores[positive])
    area = float(above.mean())
    if len(np.unique(clusters[positive])) < 2 or len(np.unique(clusters[~positive])) < 2:
        clusters = np.arange(len(y))
    count = int(clusters.max()) + 1
    one = np.bincount(clusters[positive], above - area, minlength=count)
    zero = np.bincount(clusters[~positive], below - area, minlength=count)
    variance = _spread(one, clusters[positive]) / m**2 + _spread(zero, clusters[~positive]) / n**2
    if count > 1:
        variance += 2.0 * count / (count - 1) * float((one * zero).sum()) / (m * n)
    return area, sqrt(max(variance, 0.0))


def _spread(sums: Values, clusters: Values) -> float:
    count = len(np.unique(clusters))
    return count / (count - 1) * float(np.square(sums).sum()) if count > 1 else 0.0


def _placements(scores: Floats, others: Floats) -> Floats:
    """For each score the share of the others that lie below it, ties counted half."""
    others = np.sort(others)
    lower, upper = np.searchsorted(others, scores, "left"), np.searchsorted(others, scores, "right")
    return (lower + upper) / (2.0 * len(others))
