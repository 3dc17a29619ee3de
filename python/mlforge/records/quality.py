"""`Quality`: how well a model does on one data split, at one stage of its way to the target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
    """One metric on one split. `standard_error` treats the groups (people, machines) as the independent samples where
    there are at least two, else the examples; `strata` holds the metric by stratum, keyed `"subject=7"`."""

    stage: Stage
    split: Split
    metric: Metric
    value: float
    standard_error: float
    examples: int
    groups: int
    strata: Mapping[str, float]
