"""Dot plots: the stages of a quality with their standard errors, and its spread over people, machines or other strata.

Turns records into positions; templates/charts.svg.j2 draws.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mlforge.records.quality import Metric, Quality
from mlforge.records.verdict import Check
from mlforge.report import facts, units
from mlforge.report.charts import Axis, Frame, Mark, Rule, Scale, axis, extent
from mlforge.report.quality_axis import bounds, goal_values, quality_title, whisker

MOST_ROWS: Final = 30  # of a dot plot


@dataclass(frozen=True, slots=True)
class DotRow:
    label: str
    y: float
    value: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class DotPlot:
    id: str
    title: str
    description: str
    frame: Frame
    x: Axis
    rows: tuple[DotRow, ...]
    goal: Rule | None
    omitted: int = 0


def stages(qualities: Sequence[Quality], metric: Metric, goal: Check | None) -> DotPlot | None:
    """The stages of each split with their standard errors on one scale."""
    rows = []
    for split in facts.SPLITS:
        for stage in facts.STAGES:
            quality = facts.find_quality(qualities, stage, split, metric)
            if quality is not None and math.isfinite(quality.value):
                rows.append((f"{split}, {stage_name(stage)}", quality))
    if not rows:
        return None
    ends = [end for _, quality in rows for end in whisker(quality)]
    frame, x = _dot_frame(ends, len(rows), metric, goal)
    dots = tuple(
        DotRow(
            label,
            _row_y(frame, index),
            units.score(quality.value),
            (_quality_dot(quality, label, x, _row_y(frame, index), metric),),
        )
        for index, (label, quality) in enumerate(rows)
    )
    title = f"{units.label(metric)} at each stage, with standard error"
    words = "; ".join(f"{label}: {units.score_with_error(q.value, q.standard_error)}" for label, q in rows)
    return DotPlot("stages", title, words, frame, axis(quality_title(metric), x, 5), dots, _goal_down(goal, x))


def spread(
    name: str, key: str, target: Mapping[str, float], host: Mapping[str, float], metric: Metric, goal: Check | None
) -> DotPlot:
    """The metric of each stratum of `key`, worst first: the final stage as a dot, FP32 on the host as a ring."""
    finite = [stratum for stratum in target if math.isfinite(target[stratum])]
    ranked = sorted(
        finite, key=lambda stratum: (target[stratum] if metric.higher_is_better else -target[stratum], stratum)
    )
    shown = ranked[:MOST_ROWS]
    values = [*(target[stratum] for stratum in shown), *(host[stratum] for stratum in shown if stratum in host)]
    frame, x = _dot_frame(values, len(shown), metric, goal)
    rows = []
    for index, stratum in enumerate(shown):
        y, value, who = _row_y(frame, index), target[stratum], units.one_line(f"{key} {stratum}", 80)
        marks = [Mark(x(value), y, "met", "dot", f"{who}: {units.score(value)}")]
        if math.isfinite(host.get(stratum, math.nan)):
            title = f"{who}: {units.score(host[stratum])} in FP32 on the host"
            marks.insert(0, Mark(x(host[stratum]), y, "host", "ring", title))
        rows.append(DotRow(units.one_line(f"{key} {stratum}", 20), y, units.score(value), tuple(marks)))
    return DotPlot(
        name,
        f"{units.label(metric)} by {units.one_line(key, 40)}",
        f"{len(ranked)} strata, worst first.",
        frame,
        axis(quality_title(metric), x, 5),
        tuple(rows),
        _goal_down(goal, x),
        len(ranked) - len(shown),
    )


def stage_name(stage: str) -> str:
    """`int8 target` for `int8-target`."""
    return stage.replace("fp32", "FP32").replace("-", " ")


def _quality_dot(quality: Quality, label: str, x: Scale, y: float, metric: Metric) -> Mark:
    low, _, high = whisker(quality)
    title = f"{label}: {units.score_with_error(quality.value, quality.standard_error)} {units.label(metric)}"
    return Mark(x(quality.value), y, "met", "dot", f"{title}, {quality.examples:,} examples", x(low), x(high))


def _goal_down(goal: Check | None, x: Scale) -> Rule | None:
    if goal is None or not math.isfinite(goal.limit):
        return None
    at = x(goal.limit)
    return Rule(at, f"goal {units.score(goal.limit)}", at > (x.start + x.end) / 2)


def _dot_frame(values: Sequence[float], rows: int, metric: Metric, goal: Check | None) -> tuple[Frame, Scale]:
    height = 24 * rows + 26 + 46
    frame = Frame(440, height, 142, 26, 386, height - 46)
    floor, top = bounds(metric)
    low, high = extent([*values, *goal_values(goal)], floor=floor, top=top)
    return frame, Scale(low, high, frame.left, frame.right)


def _row_y(frame: Frame, index: int) -> float:
    return frame.top + 12 + 24 * index
