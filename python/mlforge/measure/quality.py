"""A model's answers held against the truth: the metric, how sure it is, and its value per stratum. NumPy only.

The same function judges float and int8, host and target: whoever has outputs calls it. It knows no model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from math import exp, hypot, inf, log, sqrt, tanh
from statistics import NormalDist
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import DataError, ModelError
from mlforge.measure import metrics
from mlforge.measure.clustered import Floats, Judged, Values, area, in_lots, linear
from mlforge.measure.metrics import CURVE, OVERALL, USUAL_FALSE_ALARMS, Scored
from mlforge.measure.student import quantile
from mlforge.records.quality import LABEL, Confusion, Figure, Metric, Quality, Split, Stage


def evaluate(
    outputs: NDArray[np.floating[Any]],
    y: Values,
    *,
    metric: Metric,
    stage: Stage,
    split: Split,
    groups: Values | None = None,
    strata: Mapping[str, Values] | None = None,
    classes: Sequence[str] = (),
    also: Sequence[tuple[Metric, str]] = (),
) -> Quality:
    """Judges the outputs of one split.

    Args:
        outputs: float [N, k]. Class scores for classification, values for regression, and for auc the anomaly score
            [N, 1] (see `reconstruction_error`). Dequantised, where the model is int8.
        y: [N] class indices for classification; [N] or [N, k] values for regression; [N] of 0 (normal) and 1 for auc.
        groups: [N], what is independent of each other (people, machines).
        strata: by name, [N] values; each value gets the metric of its own.
        classes: the classes' names; without them figures of single classes, and the confusion matrix, are left out.
        also: further figures, each a metric and the class, or the share of false alarms, that it is about.

    Raises:
        ModelError: outputs that are not finite, or not one row an example.
        DataError: no examples, auc with one class only, values of another width than the outputs, or a metric that
            these data do not have.
    """
    _check(np.asarray(outputs), y)
    outputs = np.asarray(outputs, np.float64).reshape(len(outputs), -1)
    judged = _judge(outputs, y, metric, groups)
    by_stratum, examples = _by_stratum(outputs, y, metric, strata or {})
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
        deviations=in_lots(judged.deviations),
        figures=_figures(outputs, y, metric, groups, classes, also),
        confusion=_confusion(outputs, y, classes) if metric in _OF_CLASSES and classes else None,
        curve=_curve(outputs, y) if metric is Metric.AUC else (),
    )


def interval(quality: Quality, confidence: float = 0.95) -> tuple[float, float]:
    """Where the metric lies for other people or machines of the same kind, with that confidence.

    Student's t with the number of independent samples less one degrees of freedom, on the scale of log odds (accuracy,
    auc and other shares) or of logarithms (mse, mae), where the error hardly depends on the value (the delta method:
    Pepe, The Statistical Evaluation of Medical Tests, 2003, section 5.2.3); of r2 as it is. Without a single error, or
    without any success, that scale ends: there it is Wilson's interval, as if each sample were one try. One sample
    alone gives the whole range of the metric.
    """
    positive = quality.metric in (Metric.MSE, Metric.MAE)
    samples, value, error = quality.groups or quality.examples, quality.value, quality.standard_error
    if quality.metric is Metric.R2:
        reach = quantile(confidence, samples - 1) * error if error is not None and samples > 1 else inf
        return value - reach, min(value + reach, 1.0)
    if error is None or samples < 2:
        return (0.0, inf) if positive else (0.0, 1.0)
    if positive:
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


_OF_CLASSES: Final = (Metric.ACCURACY, Metric.BALANCED_ACCURACY, Metric.F1)


def _judge(outputs: Floats, y: Values, metric: Metric, groups: Values | None) -> Judged:
    clusters = np.arange(len(y)) if groups is None else np.unique(groups, return_inverse=True)[1]
    if metric is Metric.AUC:
        return area(outputs[:, 0], y, clusters, groups is not None)
    return linear(_overall(outputs, y, metric), clusters, groups is not None)


def _overall(outputs: Floats, y: Values, metric: Metric) -> Scored:
    if metric in _OF_CLASSES:
        return metrics.of_classes(metric, np.asarray(y), outputs.argmax(axis=1))
    truth = np.asarray(y, np.float64).reshape(len(y), -1)
    if truth.shape != outputs.shape:
        raise DataError(f"{truth.shape[1]} values an example, but the model has {outputs.shape[1]} outputs")
    return metrics.of_values(metric, truth, outputs)


def _by_stratum(
    outputs: Floats, y: Values, metric: Metric, strata: Mapping[str, Values]
) -> tuple[dict[str, float], dict[str, int]]:
    """The metric in each stratum that has it, and how many examples that is."""
    found: dict[str, float] = {}
    examples: dict[str, int] = {}
    for name, values in sorted(strata.items()):
        for each in np.unique(values):
            where = values == each
            if (
                metric is Metric.AUC and name == LABEL and y[where].all()
            ):  # one kind of anomaly, against all that is normal
                where = where | (y == 0)
            elif metric is Metric.AUC and len(np.unique(y[where])) < 2:
                continue
            with suppress(DataError):  # r2 of values that are all the same
                found[f"{name}={each}"] = _judge(outputs[where], y[where], metric, None).value
                examples[f"{name}={each}"] = int((values == each).sum())
    return found, examples


def _figures(
    outputs: Floats,
    y: Values,
    metric: Metric,
    groups: Values | None,
    classes: Sequence[str],
    also: Sequence[tuple[Metric, str]],
) -> tuple[Figure, ...]:
    """The other metrics of the task, and those that are asked for, each once."""
    wanted: dict[tuple[Metric, str], None] = {(other, ""): None for other in OVERALL.get(metric, ())}
    if metric is Metric.AUC:
        wanted[Metric.DETECTION, f"{USUAL_FALSE_ALARMS:g}"] = None
    wanted |= dict.fromkeys(also)
    wanted.pop((metric, ""), None)
    clusters = np.arange(len(y)) if groups is None else np.unique(groups, return_inverse=True)[1]
    found = []
    for each, label in wanted:
        scored = _scored(outputs, y, each, label, classes)
        if scored is not None:
            judged = linear(scored, clusters, groups is not None)
            found.append(Figure(each, label, judged.value, judged.error))
    return tuple(found)


def _scored(outputs: Floats, y: Values, metric: Metric, label: str, classes: Sequence[str]) -> Scored | None:
    """None for what these data cannot tell."""
    if metric is Metric.DETECTION:
        return metrics.detection(outputs[:, 0], np.asarray(y).astype(bool), float(label))
    if label:
        at = list(classes).index(label) if label in classes else None
        return None if at is None else metrics.of_class(metric, np.asarray(y), outputs.argmax(axis=1), at)
    try:
        return _overall(outputs, y, metric)
    except DataError:
        if metric is Metric.R2:
            return None
        raise


def _confusion(outputs: Floats, y: Values, classes: Sequence[str]) -> Confusion:
    counts = metrics.confusion(np.asarray(y), outputs.argmax(axis=1), len(classes))
    return Confusion(tuple(classes), tuple(tuple(int(one) for one in row) for row in counts))


def _curve(outputs: Floats, y: Values) -> tuple[tuple[float, float], ...]:
    anomalous = np.asarray(y).astype(bool)
    return tuple((share, metrics.detection(outputs[:, 0], anomalous, share).value) for share in CURVE)
