"""`Quality`: how well a model does on one data split, at one stage of its way to the target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from mlforge.records.serial import OMIT_IF_DEFAULT

LABEL: Final = "label"  # the column of the labels themselves, which every data set has


class Stage(StrEnum):
    FP32_HOST = "fp32-host"
    INT8_HOST = "int8-host"
    INT8_TARGET = "int8-target"


class Split(StrEnum):
    TRAIN = "train"
    VALIDATE = "validate"
    TEST = "test"


class Metric(StrEnum):
    ACCURACY = "accuracy"
    BALANCED_ACCURACY = "balanced_accuracy"  # the mean recall of the classes
    F1 = "f1"  # of a class; without one the mean over the classes
    RECALL = "recall"  # of a class, as the next two
    PRECISION = "precision"
    FALSE_ALARMS = "false_alarms"  # the share of other classes' examples that are taken for this one
    MSE = "mse"
    MAE = "mae"
    R2 = "r2"
    LARGEST_ERROR = "largest_error"
    AUC = "auc"
    DETECTION = "detection"  # the share of anomalies found at a share of false alarms

    @property
    def higher_is_better(self) -> bool:
        return self not in _LOWER_IS_BETTER

    @property
    def bounded(self) -> bool:
        """Whether it lies between 0 and 1."""
        return self not in _UNBOUNDED


def metric_of(check: str) -> Metric | None:
    """What a check of that name is about, such as `worst accuracy` or `recall of fall`; None for a limit."""
    name = check.removeprefix("worst ").partition(" ")[0]
    return Metric(name) if name in set(Metric) else None


_LOWER_IS_BETTER: Final = frozenset({Metric.FALSE_ALARMS, Metric.MSE, Metric.MAE, Metric.LARGEST_ERROR})
_UNBOUNDED: Final = frozenset({Metric.MSE, Metric.MAE, Metric.R2, Metric.LARGEST_ERROR})


@dataclass(frozen=True, slots=True)
class Figure:
    """One more metric of the same answers. `label` is the class that it is about, or the share of false alarms at which
    anomalies are detected; empty for what is about all. The error is None where it is unknown."""

    metric: Metric
    label: str
    value: float
    standard_error: float | None


@dataclass(frozen=True, slots=True)
class Confusion:
    """How many examples of each class (rows) were taken for each class (columns), both in the order of `classes`. A
    share of nothing is 0."""

    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    def examples(self, at: int) -> int:
        return sum(self.counts[at])

    def answers(self, at: int) -> int:
        return sum(row[at] for row in self.counts)

    def of(self, metric: Metric, at: int) -> float:
        """Recall, precision, F1 or false alarms of one class."""
        right, true, said = self.counts[at][at], self.examples(at), self.answers(at)
        total = sum(map(sum, self.counts))
        parts = {
            Metric.RECALL: (right, true),
            Metric.PRECISION: (right, said),
            Metric.F1: (2 * right, true + said),
            Metric.FALSE_ALARMS: (said - right, total - true),
        }
        numerator, denominator = parts[metric]
        return numerator / denominator if denominator else 0.0

    def worst(self, metric: Metric) -> tuple[str, float]:
        """The class that does worst, and its figure; of equals the first. Only classes with examples count."""
        sign = 1.0 if metric.higher_is_better else -1.0
        present = [at for at in range(len(self.classes)) if self.examples(at)]
        at = min(present, key=lambda one: sign * self.of(metric, one))
        return self.classes[at], self.of(metric, at)


@dataclass(frozen=True, slots=True)
class Quality:
    """One metric on one split, and how sure it is.

    `groups` counts the independent samples: people, machines, recordings; for auc, those that have the class that fewer
    of them have. 0 where the caller knew of none: then each example is one. `standard_error` comes from that number; it
    is None for a single group, which says nothing of others. `strata` holds the metric by stratum, keyed `"subject=7"`,
    `strata_examples` how many examples that is. `deviations` says what each independent sample adds to the error of
    `value`: with n of them, n / (n - 1) times the sum of their squares estimates its squared standard error. Two models
    judged on the same examples have theirs in the same order, so a difference can be judged in pairs. Locks have none.

    `figures` are further metrics of the same answers, `confusion` tells classes apart (classification), and `curve` is
    the detection at some shares of false alarms (anomaly). Older records have none of them.
    """

    stage: Stage
    split: Split
    metric: Metric
    value: float
    standard_error: float | None
    examples: int
    groups: int
    strata: Mapping[str, float]
    strata_examples: Mapping[str, int] = field(default_factory=dict)
    deviations: tuple[float, ...] = ()
    figures: tuple[Figure, ...] = field(default=(), metadata=OMIT_IF_DEFAULT)
    confusion: Confusion | None = field(default=None, metadata=OMIT_IF_DEFAULT)
    curve: tuple[tuple[float, float], ...] = field(default=(), metadata=OMIT_IF_DEFAULT)

    def figure(self, metric: Metric, label: str = "") -> Figure | None:
        """Of the same answers, as far as the record tells: None for what it does not."""
        if (metric, label) == (self.metric, ""):
            return Figure(metric, label, self.value, self.standard_error)
        known = next((one for one in self.figures if (one.metric, one.label) == (metric, label)), None)
        if known is None and metric is Metric.DETECTION:
            return self._from_curve(label)
        if known is None and self.confusion and label in self.confusion.classes:
            return Figure(metric, label, self.confusion.of(metric, self.confusion.classes.index(label)), None)
        return known

    def _from_curve(self, label: str) -> Figure | None:
        """At the next smaller share of false alarms that is recorded: at least so many are detected."""
        below = [detected for share, detected in self.curve if share <= float(label) + 1e-12]
        return Figure(Metric.DETECTION, label, below[-1], None) if below else None
