"""What the page says of events: a row for each split, and misses against false accepts (DET) as a picture.

Turns records into text and positions; knows no markup.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlforge.measure.events import most_false_accepts
from mlforge.records.events import EventQuality
from mlforge.records.verdict import Check
from mlforge.report import units
from mlforge.report.charts import Frame, Mark, Rule, Scale, axis, extent, path
from mlforge.report.search_plots import Plot


@dataclass(frozen=True, slots=True)
class EventRow:
    split: str
    recall: str
    precision: str
    f1: str
    false_accepts: str
    at_most: str
    signal: str


def event_rows(events: Sequence[EventQuality]) -> tuple[EventRow, ...]:
    return tuple(
        EventRow(
            split=each.split,
            recall=f"{units.score(each.recall)} ({each.hits} of {each.events})",
            precision=units.score(each.precision),
            f1=units.score(each.f1),
            false_accepts=f"{each.false_accepts_per_hour:.3g} ({units.count(each.false_accepts)})",
            at_most=f"{most_false_accepts(each):.3g}",
            signal=units.duration(each.hours * 3600),
        )
        for each in events
    )


def det(events: Sequence[EventQuality], checks: Mapping[str, Check]) -> Plot | None:
    """Misses against false accepts over all scores that a decision could begin at, a curve for each split, with where
    the decision stands on it; None without a curve."""
    drawn = [each for each in events if each.curve]
    if not drawn:
        return None
    frame = Frame(560, 320, 58, 14, 548, 268)
    rates = [each.false_accepts_per_hour for each in drawn]
    goal = checks.get("event false accepts per hour")
    right = 4 * max([*rates, goal.limit if goal else 0.0, *(1 / each.hours for each in drawn if each.hours)])
    x = Scale(0.0, right, frame.left, frame.right)
    misses = [1 - point.recall for each in drawn for point in each.curve if x.holds(point.false_accepts_per_hour)]
    y = Scale(
        *extent([0.0, *misses, *(1 - each.recall for each in drawn)], floor=0.0, top=1.0), frame.bottom, frame.top
    )
    recall = checks.get("event recall")
    return Plot(
        id="det",
        title="Misses against false accepts",
        description="; ".join(_words(each) for each in drawn),
        frame=frame,
        x=axis("False accepts an hour", x, 6),
        y=axis("Share of events missed", y, 6),
        marks=tuple(
            Mark(x(each.false_accepts_per_hour), y(1 - each.recall), "met", "diamond", _words(each)) for each in drawn
        ),
        front=" ".join(_curve(each, x, y) for each in drawn),
        across=_rule(1 - recall.limit, y, f"goal {units.score(recall.limit)} recall") if recall else None,
        down=_rule(goal.limit, x, f"goal {goal.limit:g}") if goal else None,
    )


def _curve(events: EventQuality, x: Scale, y: Scale) -> str:
    inside = [point for point in events.curve if x.holds(point.false_accepts_per_hour)]
    return path((x(point.false_accepts_per_hour), y(1 - point.recall)) for point in inside)


def _words(events: EventQuality) -> str:
    rate = f"{events.false_accepts_per_hour:.3g} false accepts an hour"
    return f"{events.split}: recall {units.score(events.recall)}, {rate}"


def _rule(value: float, scale: Scale, label: str) -> Rule | None:
    if not math.isfinite(value) or not scale.holds(value):
        return None
    at = scale(value)
    return Rule(at, label, at > (scale.start + scale.end) / 2)
