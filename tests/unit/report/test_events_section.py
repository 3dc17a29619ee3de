"""What the page says of events."""

from __future__ import annotations

import pytest

from mlforge.records.events import EventQuality, Operating
from mlforge.records.quality import Split
from mlforge.records.verdict import Check
from mlforge.report.events_section import det, event_rows

CURVE = (Operating(100, 0.2, 0.0), Operating(0, 0.8, 2.0), Operating(-100, 1.0, 400.0))
FOUND = EventQuality(Split.TEST, 10, 8, 1, 0.5, 0, CURVE)


def test_rows_say_how_sure_a_rate_is() -> None:
    (row,) = event_rows((FOUND,))
    assert row.recall == "0.800 (8 of 10)"
    assert row.false_accepts == "2 (1)"
    assert row.at_most == "9.49"  # 4.744 in half an hour
    assert row.signal == "30 min 00 s"


def test_det_has_a_curve_the_goals_and_where_the_decision_stands() -> None:
    goals = {
        "event recall": Check("event recall", "", 0.9, 0.8, -0.1, hard=False),
        "event false accepts per hour": Check("event false accepts per hour", "", 4.0, 2.0, 0.5, hard=False),
    }
    plot = det((FOUND,), goals)
    assert plot is not None
    (mark,) = plot.marks
    assert mark.x == pytest.approx(plot.frame.left + (plot.frame.right - plot.frame.left) / 8, abs=0.1)
    assert plot.across is not None and mark.y < plot.across.position  # more misses are higher up
    assert plot.front.count("L") == 1  # the point of 400 an hour is outside
    assert plot.down is not None and plot.down.label == "goal 4"


def test_nothing_is_drawn_without_a_curve() -> None:
    assert det((), {}) is None
    assert det((EventQuality(Split.TEST, 1, 1, 0, 1.0),), {}) is None
