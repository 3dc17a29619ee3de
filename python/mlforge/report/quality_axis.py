"""What every picture with a quality on an axis agrees on: its title, its range, its error bar.

Knows records and numbers; no layout.
"""

from __future__ import annotations

import math

from mlforge.records.quality import Metric, Quality
from mlforge.records.verdict import Check
from mlforge.report import units


def quality_title(metric: Metric) -> str:
    return f"{units.label(metric)}{'' if metric.higher_is_better else ' (lower is better)'}"


def whisker(quality: Quality) -> tuple[float, float, float]:
    error = quality.standard_error or 0.0
    error = error if math.isfinite(error) else 0.0
    return quality.value - error, quality.value, quality.value + error


def bounds(metric: Metric) -> tuple[float, float]:
    return (0.0, math.inf) if metric is Metric.MSE else (0.0, 1.0)


def goal_values(goal: Check | None) -> list[float]:
    return [goal.limit] if goal is not None else []
