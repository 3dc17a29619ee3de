"""Metrics against their definitions, and standard errors against resampling."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mlforge.errors import DataError, ModelError
from mlforge.measure.clustered import LOTS
from mlforge.measure.quality import evaluate, interval, reconstruction_error
from mlforge.records.quality import Metric, Quality, Split, Stage

Values = NDArray[Any]


def judge(outputs: Values, y: Values, metric: Metric, **more: Any) -> Quality:
    return evaluate(outputs, y, metric=metric, stage=Stage.INT8_HOST, split=Split.VALIDATE, **more)


def one_hot(labels: Values, classes: int) -> Values:
    return np.eye(classes)[labels]


def test_accuracy_in_total_and_by_stratum() -> None:
    y = np.array([0, 0, 1, 1, 2, 2])
    answers = np.array([0, 0, 1, 0, 2, 0])
    strata = {"side": np.array(["l", "r"] * 3), "age": np.array([30, 30, 30, 40, 40, 40])}
    quality = judge(one_hot(answers, 3), y, Metric.ACCURACY, groups=np.array([1, 1, 1, 2, 2, 2]), strata=strata)
    assert quality.value == pytest.approx(4 / 6)
    assert (quality.examples, quality.groups, quality.stage, quality.split) == (6, 2, Stage.INT8_HOST, Split.VALIDATE)
    assert quality.strata == {
        "age=30": pytest.approx(1.0),
        "age=40": pytest.approx(1 / 3),
        "side=l": pytest.approx(1.0),
        "side=r": pytest.approx(1 / 3),
    }


def test_without_groups_the_examples_are_the_sample() -> None:
    y = np.zeros(100, np.int64)
    answers = (np.arange(100) < 20).astype(np.int64)
    quality = judge(one_hot(answers, 2), y, Metric.ACCURACY)
    assert quality.standard_error == pytest.approx(sqrt(0.8 * 0.2 / 99))
    assert quality.groups == 0
    alone = judge(one_hot(answers, 2), y, Metric.ACCURACY, groups=np.zeros(100))
    assert alone.standard_error is None  # one group says nothing of others
    assert alone.groups == 1
    assert len(alone.deviations) == LOTS  # its examples still serve to compare two models
    assert interval(alone) == (0.0, 1.0)


def test_groups_that_differ_widen_the_error() -> None:
    """Ten people, half of them always right: as uncertain as ten coin tosses, however many examples each gave."""
    groups = np.repeat(np.arange(10), 50)
    answers = (groups % 2).astype(np.int64)
    quality = judge(one_hot(answers, 2), np.zeros(500, np.int64), Metric.ACCURACY, groups=groups)
    assert quality.value == 0.5
    assert quality.standard_error == pytest.approx(0.5 / sqrt(9))


@pytest.mark.parametrize("metric", [Metric.ACCURACY, Metric.MSE, Metric.AUC])
def test_the_clustered_error_is_what_resampling_people_gives(metric: Metric) -> None:
    random = np.random.default_rng(1)
    values = []
    errors = []
    for _ in range(400):
        skill = np.repeat(random.normal(1.0, 0.7, 30), 20)
        groups = np.repeat(np.arange(30), 20)
        y = random.integers(0, 2, 600)
        score = (2 * y - 1) * skill + random.standard_normal(600)
        outputs = np.stack([-score, score], axis=1) if metric is Metric.ACCURACY else score[:, None]
        quality = judge(outputs, y, metric, groups=groups)
        values.append(quality.value)
        assert quality.standard_error is not None
        errors.append(quality.standard_error)
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.15)


def test_mse_takes_vectors_and_columns_alike() -> None:
    outputs, y = np.array([[1.0], [2.0], [3.0]]), np.array([1.0, 1.0, 1.0])
    assert judge(outputs, y, Metric.MSE).value == pytest.approx(5 / 3)
    assert judge(outputs, y[:, None], Metric.MSE).value == pytest.approx(5 / 3)
    assert judge(np.zeros((2, 2)), np.array([[3.0, 1.0], [1.0, 1.0]]), Metric.MSE).value == pytest.approx(3.0)


def test_mse_refuses_truths_of_another_width() -> None:
    with pytest.raises(DataError, match="2 values"):
        judge(np.zeros((3, 1)), np.zeros((3, 2)), Metric.MSE)


def test_auc_counts_pairs_and_halves_ties() -> None:
    random = np.random.default_rng(2)
    scores, y = random.integers(0, 6, 80).astype(float), random.integers(0, 2, 80)
    pairs = [(a > b) + 0.5 * (a == b) for a in scores[y == 1] for b in scores[y == 0]]
    assert judge(scores[:, None], y, Metric.AUC).value == pytest.approx(np.mean(pairs))


def test_auc_of_a_perfect_and_of_a_useless_score() -> None:
    y = np.array([0, 0, 0, 1, 1])
    assert judge(np.array([1, 2, 3, 4, 5.0]), y, Metric.AUC).value == 1.0
    assert judge(np.array([1, 2, 3, 4, 5.0]), y, Metric.AUC).standard_error == 0.0
    assert judge(np.ones(5), y, Metric.AUC).value == 0.5


def test_auc_by_stratum_leaves_out_strata_of_one_class() -> None:
    strata = {"machine": np.array([1, 1, 2, 2])}
    quality = judge(np.array([0, 1, 0, 1.0]), np.array([0, 1, 0, 0]), Metric.AUC, strata=strata)
    assert quality.strata == {"machine=1": 1.0}


def test_auc_of_one_class_is_refused() -> None:
    with pytest.raises(DataError, match="normal and anomalous"):
        judge(np.zeros((3, 1)), np.zeros(3), Metric.AUC)


def test_the_reconstruction_error_is_a_score() -> None:
    inputs = np.zeros((3, 2, 1, 2))
    outputs = np.array([[0, 0, 0, 0], [1, 1, 1, 1], [2, 0, 0, 0.0]])
    np.testing.assert_allclose(reconstruction_error(outputs, inputs), [[0.0], [1.0], [1.0]])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_outputs_that_are_not_finite_are_refused(value: float) -> None:
    outputs = np.zeros((4, 2))
    outputs[2, 1] = value
    with pytest.raises(ModelError, match="example 2"):
        judge(outputs, np.zeros(4, np.int64), Metric.ACCURACY)


def test_examples_and_outputs_must_pair_up() -> None:
    with pytest.raises(ModelError, match="3 outputs for 4 examples"):
        judge(np.zeros((3, 2)), np.zeros(4), Metric.ACCURACY)
    with pytest.raises(DataError, match="no examples"):
        judge(np.zeros((0, 2)), np.zeros(0), Metric.ACCURACY)


def test_a_single_example_has_no_standard_error() -> None:
    assert judge(np.array([[1.0, 0.0]]), np.array([0]), Metric.ACCURACY).standard_error is None


def simulated(random: np.random.Generator, people: int, metric: Metric) -> Quality:
    """A study of so many people who differ in how well they are told, 40 windows each."""
    skill = np.repeat(random.normal(1.0, 0.5, people), 40)
    groups = np.repeat(np.arange(people), 40)
    y = random.integers(0, 2, len(groups))
    score = (2 * y - 1) * skill + random.standard_normal(len(groups))
    outputs = np.stack([-score, score], axis=1) if metric is Metric.ACCURACY else score[:, None]
    return judge(outputs, y, metric, groups=groups)


@pytest.mark.parametrize("metric", [Metric.ACCURACY, Metric.MSE, Metric.AUC])
@pytest.mark.parametrize("people", [3, 8, 20])
def test_the_interval_covers_as_often_as_it_says(metric: Metric, people: int) -> None:
    """95 % intervals hold the truth in about 95 of 100 simulated studies, with few people too; were windows taken for
    the sample, it would be about half."""
    truth = simulated(np.random.default_rng(0), 4000, metric).value
    random = np.random.default_rng(people)
    held = naive = 0
    studies = 300
    for _ in range(studies):
        quality = simulated(random, people, metric)
        low, high = interval(quality)
        held += low <= truth <= high
        windows = sqrt(quality.value * (1 - quality.value) / quality.examples) if metric is not Metric.MSE else 0.0
        naive += abs(quality.value - truth) <= 1.96 * windows
    assert held / studies >= 0.90
    assert metric is Metric.MSE or naive / studies < 0.75


@pytest.mark.parametrize("metric", [Metric.ACCURACY, Metric.MSE, Metric.AUC])
def test_deviations_give_the_standard_error_and_that_of_a_difference(metric: Metric) -> None:
    random = np.random.default_rng(4)
    one = simulated(random, 12, metric)
    assert one.standard_error == pytest.approx(sqrt(12 / 11 * float(np.square(one.deviations).sum())), rel=0.02)
    assert sum(one.deviations) == pytest.approx(0.0, abs=1e-9)


def test_auc_counts_the_groups_of_the_scarcer_class() -> None:
    """Forty healthy machines and one broken one: nothing is known of the next broken one."""
    groups = np.repeat(np.arange(41), 5)
    y = (groups == 40).astype(np.int64)
    scores = np.random.default_rng(5).standard_normal((len(y), 1)) + y[:, None]
    quality = judge(scores, y, Metric.AUC, groups=groups)
    assert (quality.groups, quality.standard_error) == (1, None)
    two = judge(scores, (groups >= 39).astype(np.int64), Metric.AUC, groups=groups)
    assert two.groups == 2
    assert two.standard_error is not None


def test_strata_say_how_many_examples_they_stand_on() -> None:
    strata = {"side": np.array(["l", "r", "r"])}
    quality = judge(one_hot(np.zeros(3, np.int64), 2), np.zeros(3, np.int64), Metric.ACCURACY, strata=strata)
    assert quality.strata_examples == {"side=l": 1, "side=r": 2}
