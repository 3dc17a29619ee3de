"""`Quality`: how well a model does on one data split, at one stage of its way to the target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


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
    MSE = "mse"
    AUC = "auc"

    @property
    def higher_is_better(self) -> bool:
        return self is not Metric.MSE


@dataclass(frozen=True, slots=True)
class Quality:
    """One metric on one split, and how sure it is.

    `groups` counts the independent samples: people, machines, recordings; for auc, those that have the class that fewer
    of them have. 0 where the caller knew of none: then each example is one. `standard_error` comes from that number; it
    is None for a single group, which says nothing of others. `strata` holds the metric by stratum, keyed `"subject=7"`,
    `strata_examples` how many examples that is. `deviations` says what each independent sample adds to the error of
    `value`: with n of them, n / (n - 1) times the sum of their squares estimates its squared standard error. Two models
    judged on the same examples have theirs in the same order, so a difference can be judged in pairs. Locks have none.
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
