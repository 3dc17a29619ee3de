"""Scales, ticks and axes hold for any numbers."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlforge.report.charts import Scale, axis, extent, path, steps, tick_values

NUMBERS = st.floats(-1e9, 1e9, allow_nan=False)


@given(NUMBERS, st.floats(1e-6, 1e9), st.integers(2, 12))
def test_ticks_are_few_inside_and_evenly_spaced(low: float, span: float, at_most: int) -> None:
    high = low + span
    ticks = tick_values(low, high, at_most) if high > low else ()
    assert len(ticks) <= at_most
    slack = 1e-6 * max(abs(low), abs(high), span)
    assert all(low - slack <= tick <= high + slack for tick in ticks)
    gaps = [second - first for first, second in pairwise(ticks)]
    assert all(math.isclose(gap, gaps[0], rel_tol=1e-3, abs_tol=slack) for gap in gaps)


@pytest.mark.parametrize(
    ("low", "high", "at_most", "labels"),
    [
        (0.0, 42.0, 6, ["0", "10", "20", "30", "40"]),
        (0.72, 0.9, 6, ["0.75", "0.80", "0.85", "0.90"]),
        (0.0, 48_000.0, 6, ["0", "10,000", "20,000", "30,000", "40,000"]),
        (-0.1, 0.1, 5, ["-0.10", "-0.05", "0.00", "0.05", "0.10"]),
    ],
)
def test_tick_labels(low: float, high: float, at_most: int, labels: list[str]) -> None:
    assert [tick.label for tick in axis("", Scale(low, high, 0, 100), at_most).ticks] == labels


def test_counts_have_whole_ticks() -> None:
    assert [tick.label for tick in axis("Trial", Scale(-0.5, 1.5, 0, 100), 12, whole=True).ticks] == ["0", "1"]


@pytest.mark.parametrize(("low", "high", "at_most"), [(1.0, 1.0, 5), (2.0, 1.0, 5), (0.0, math.inf, 5), (0.0, 1.0, 1)])
def test_no_ticks_where_there_is_no_scale(low: float, high: float, at_most: int) -> None:
    assert tick_values(low, high, at_most) == ()


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True, min_value=None), max_size=8))
def test_extent_is_a_scale_whatever_the_values(values: list[float]) -> None:
    tame = [value for value in values if not math.isfinite(value) or abs(value) < 1e12]
    low, high = extent(tame)
    assert low < high
    assert all(low <= value <= high for value in tame if math.isfinite(value))


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_extent_of_one_quality_stays_between_nothing_and_all(value: float) -> None:
    low, high = extent([value], floor=0.0, top=1.0)
    assert 0.0 <= low < high <= 1.0


def test_scale_keeps_what_is_outside_at_its_ends() -> None:
    scale = Scale(0.0, 10.0, 300.0, 0.0)
    assert [scale(value) for value in (-5, 0, 2.5, 10, 99)] == [300.0, 300.0, 225.0, 0.0, 0.0]
    assert scale.holds(10.0)
    assert not scale.holds(10.1)


def test_staircase() -> None:
    assert path(steps([(0, 9), (4, 5), (6, 2)])) == "M0 9 L4 9 L4 5 L6 5 L6 2"
    assert path([]) == ""
