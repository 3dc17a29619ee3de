"""What trials say when they are read together, and how an architecture is listed."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from mlforge.measure.ranking import candidate
from mlforge.records.architecture import Architecture, Conv, Dense, DepthwiseConv, GlobalAveragePool, Head
from mlforge.records.quality import Metric, Split, Stage
from mlforge.records.trial import State
from mlforge.records.verdict import Check, Verdict
from mlforge.report import facts
from mlforge.report.layers import layer_rows, summary


def test_candidate_is_the_best_that_meets_else_the_nearest_miss_else_a_rejected_one(make: Any) -> None:
    near, far, rejected, failed = make.trained(0, 0.79), make.trained(1, 0.60), make.rejected(2), make.failed(3)
    good, better = make.trained(4, 0.82), make.trained(5, 0.86)
    for trials, number in (
        ([far, near, rejected, failed], 0),
        ([good, far, better, near], 5),
        ([failed, rejected], 2),
    ):
        found = candidate(trials)
        assert found is not None
        assert found.number == number
    assert candidate([failed]) is None


def test_candidate_survives_a_margin_that_is_no_number(make: Any) -> None:
    broken = Verdict((Check("accuracy", "", 0.8, math.nan, math.nan, False),))
    sick = make.changed(make.trained(0), verdict=broken)
    found = candidate([sick, make.trained(1, 0.7)])
    assert found is not None
    assert found.number == 1


def test_search_quality_is_validation_data_nearest_to_the_target(make: Any) -> None:
    trial = make.trained(0, 0.85)
    found = facts.search_quality(trial, Metric.ACCURACY)
    assert found is not None
    assert (found.stage, found.split) == (Stage.INT8_TARGET, Split.VALIDATE)
    only_test = make.changed(trial, qualities=make.three_stages(0.9, Split.TEST))
    assert facts.search_quality(only_test, Metric.ACCURACY) is None  # the search never saw the test split
    nan = make.changed(trial, qualities=(make.quality(math.nan, Stage.INT8_TARGET, Split.VALIDATE),))
    assert facts.search_quality(nan, Metric.ACCURACY) is None


def test_saved_seconds_is_the_median_training_for_each_rejected_trial(make: Any) -> None:
    slow = make.changed(make.trained(1), seconds={"train": 20.0})
    trials = [make.trained(0), slow, make.rejected(2), make.rejected(3), make.failed(4)]
    assert facts.saved_seconds(None, trials) == 2 * 17.0
    assert facts.saved_seconds(None, [make.rejected(0)]) is None
    lock = make.lock(trials[0], trials)
    assert facts.saved_seconds(lock, []) == lock.study.training_seconds_saved


def test_limits_come_from_the_caller_first(make: Any) -> None:
    given = Verdict((make.check("flash", "bytes", 1_000, 0),))
    checks = facts.checks_by_name(None, [make.trained(0)], given)
    assert checks["flash"].limit == 1_000
    assert list(checks) == ["flash", "ram", "stack", "latency", "accuracy"]


def test_reason_names_every_broken_limit(make: Any) -> None:
    assert facts.reason(make.rejected(0)) == "Flash 50.0 KiB of 32 KiB, 56.4 % over; RAM 14 KiB of 10 KiB, 40.0 % over"
    assert facts.reason(make.failed(0)) == "run: the firmware hung"
    assert facts.reason(make.trained(0, 0.9)) == ""


def test_layers_are_listed_with_shapes_and_folded_parameters() -> None:
    layers = (Conv(8, (5, 1), (2, 1)), DepthwiseConv((3, 1), multiplier=2), GlobalAveragePool(), Dense(10))
    rows = layer_rows(Architecture((128, 1, 6), layers, 7, Head.SOFTMAX))
    assert [(row.kind, row.shape, row.parameters) for row in rows] == [
        ("Input", "128 × 1 × 6", 0),
        ("Conv", "64 × 1 × 8", 5 * 6 * 8 + 8),
        ("DepthwiseConv", "64 × 1 × 16", 3 * 16 + 16),
        ("GlobalAveragePool", "16", 0),
        ("Dense", "10", 16 * 10 + 10),
        ("Dense", "7", 10 * 7 + 7),
        ("Softmax", "7", 0),
    ]


def test_a_residual_block_is_listed_with_its_body(make: Any) -> None:
    rows = layer_rows(make.architecture())
    assert [row.depth for row in rows if row.kind == "Conv"] == [0, 1, 1]
    assert summary(make.architecture()).startswith("Conv 16 · Residual(Conv 16, Conv 16) · SeparableConv 32")


def test_a_design_that_cannot_be_built_is_listed_up_to_where_it_breaks() -> None:
    broken = Architecture((8, 1, 2), (Conv(4, (3, 1)), GlobalAveragePool(), Conv(4, (3, 1))), 2, Head.LINEAR)
    rows = layer_rows(broken)
    assert rows[-1].detail.startswith("cannot be built: needs (height, width, channels)")
    assert len(rows) == 4


@pytest.mark.parametrize("state", [State.REJECTED, State.FAILED])
def test_only_trained_trials_are_feasible(make: Any, state: State) -> None:
    assert facts.feasible(make.trained(0))
    assert not facts.feasible(replace(make.trained(0), state=state))
