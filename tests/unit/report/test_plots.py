"""The pictures say what the records say: fronts, staircases, lanes, bars."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlforge.records.quality import Metric, Split
from mlforge.records.trial import State, Trial
from mlforge.report import dot_plots, search_plots, stacks
from tests.unit.report.factory import Factory

GOAL = Factory.check("accuracy", "", 0.80, 0.8)
CHECKS = {check.name: check for check in Factory.verdict(Factory.cost(), 0.8).checks}
FLASH = search_plots.RESOURCES[0]


def corners(path: str) -> list[tuple[float, float]]:
    points = [step[1:].split() for step in path.replace("M", "|M").replace("L", "|L").split("|") if step]
    return [(float(x), float(y)) for x, y in points]


def position(plot: search_plots.Plot, trial: Trial) -> tuple[float, float]:
    mark = next(mark for mark in plot.marks if mark.title.startswith(f"Trial {trial.number}:"))
    return mark.x, mark.y


@given(st.lists(st.tuples(st.integers(5_000, 32_000), st.integers(500, 990)), min_size=1, max_size=12))
def test_the_front_passes_through_exactly_the_trials_that_none_beats(figures: list[tuple[int, int]]) -> None:
    trials = [Factory.trained(n, quality / 1000, Factory.cost(flash)) for n, (flash, quality) in enumerate(figures)]
    plot = search_plots.pareto(trials, Metric.ACCURACY, FLASH, CHECKS, None)
    front = set(corners(plot.front))
    for trial, (flash, quality) in zip(trials, figures, strict=True):
        beaten = any(f <= flash and q >= quality and (f, q) != (flash, quality) for f, q in figures)
        if not beaten:
            assert position(plot, trial) in front
    heights = [y for _, y in corners(plot.front)]
    assert heights == sorted(heights, reverse=True)  # up the page, the dearer the better


def test_the_front_of_an_error_goes_down() -> None:
    trials = [
        Factory.changed(
            Factory.trained(n, 0.9, Factory.cost(flash)),
            qualities=Factory.three_stages(mse, Split.VALIDATE, Metric.MSE),
        )
        for n, (flash, mse) in enumerate([(10_000, 0.5), (12_000, 0.7), (20_000, 0.2)])
    ]
    plot = search_plots.pareto(trials, Metric.MSE, FLASH, {}, None)
    front = corners(plot.front)
    assert front[0] == position(plot, trials[0])
    assert front[-1] == position(plot, trials[2])
    assert position(plot, trials[1]) not in front


def test_infeasible_trials_are_grey_and_stay_off_the_front() -> None:
    dear = Factory.trained(1, 0.95, Factory.cost(40_000))
    plot = search_plots.pareto([Factory.trained(0, 0.82), dear], Metric.ACCURACY, FLASH, CHECKS, None)
    assert {mark.title.split(":")[0]: mark.kind for mark in plot.marks} == {"Trial 0": "met", "Trial 1": "infeasible"}
    assert len(corners(plot.front)) == 1


def test_the_limit_stands_between_what_is_within_and_what_is_beyond() -> None:
    within, beyond = Factory.trained(0, 0.8, Factory.cost(32_000)), Factory.trained(1, 0.8, Factory.cost(33_500))
    plot = search_plots.pareto([within, beyond], Metric.ACCURACY, FLASH, CHECKS, None)
    assert plot.down is not None
    assert position(plot, within)[0] < plot.down.position < position(plot, beyond)[0]
    assert plot.across is not None


def test_convergence_climbs_only_with_feasible_trials() -> None:
    trials = [
        Factory.trained(0, 0.70),
        Factory.trained(1, 0.95, Factory.cost(40_000)),  # better, but breaks a limit
        Factory.trained(2, 0.80),
        Factory.trained(3, 0.75),
        Factory.rejected(4),
        Factory.failed(5),
    ]
    plot = search_plots.convergence(trials, Metric.ACCURACY, GOAL, 2, width=600, name="c")
    stairs = corners(plot.front)
    assert [position(plot, trials[n]) in stairs for n in range(4)] == [True, False, True, False]
    assert stairs[-1] == (plot.frame.right, position(plot, trials[2])[1])
    assert plot.marks[-1].kind == "chosen"  # drawn last, on top
    assert [label for label, _ in plot.lanes] == ["rejected", "failed"]
    for trial, (_, lane) in zip(trials[4:], plot.lanes, strict=True):
        assert position(plot, trial)[1] == lane > plot.frame.bottom
    assert "6 trials: 1 rejected, 4 trained, 1 failed." in plot.description


@pytest.mark.parametrize("trials", [[], [Factory.rejected(0)], [Factory.failed(7)]])
def test_pictures_without_a_quality(trials: list[Trial]) -> None:
    plot = search_plots.convergence(trials, Metric.ACCURACY, None, None, width=390, name="c")
    assert plot.front == ""
    for resource in search_plots.RESOURCES:
        assert search_plots.pareto(trials, Metric.ACCURACY, resource, {}, None).front == ""


def test_a_trained_trial_without_validation_data_gets_a_lane_of_its_own_kind() -> None:
    blind = Factory.changed(Factory.trained(0), qualities=())
    plot = search_plots.convergence([blind], Metric.ACCURACY, None, None, width=390, name="c")
    assert blind.state is State.TRAINED
    assert position(plot, blind)[1] == plot.lanes[0][1]


def test_segments_stand_side_by_side_and_fill_the_total() -> None:
    limit = CHECKS["ram"]
    stack = stacks.stack(
        "ram", (("arena", "part-a", 6_000), ("features", "part-d", 2_000), ("other", "part-e", -5)), 8_000, limit
    )
    first, second, third = stack.segments
    assert first.x + first.width == pytest.approx(second.x, abs=0.11)
    assert second.x + second.width == pytest.approx(stack.end, abs=0.11)
    assert third.width == 0
    assert stack.limit is not None
    assert stack.limit.position == pytest.approx(stack.end * 10_240 / 8_000, abs=0.2)
    assert [segment.share for segment in stack.segments] == ["75.0 %", "25.0 %", "-0.1 %"]


def test_stages_without_the_metric_are_no_picture(make: Any) -> None:
    assert dot_plots.stages(make.three_stages(0.8, Split.TEST), Metric.AUC, None) is None
