"""Baselines learn what they can, and nothing where there is nothing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from mlforge.measure.baseline import MOST_EXAMPLES, Answers, classifiers, detectors, regressors
from mlforge.records.baseline import Baseline
from mlforge.records.quality import Figure, Metric, Split
from mlforge.report.facts import baseline_words


def outputs(answers: Iterator[Answers]) -> dict[str, np.ndarray]:
    return {one.name: one.outputs for one in answers}


def test_logistic_regression_finds_a_plane_and_the_centroid_the_centres() -> None:
    random = np.random.default_rng(0)
    x = random.standard_normal((600, 4, 2)).astype(np.float32) * 100 + 1000
    y = (x[:, 0, 0] + 2 * x[:, 1, 1] > 3000).astype(np.int64)
    found = outputs(classifiers(x[:400], y[:400], x[400:], 2))
    right = {name: float((scores.argmax(axis=1) == y[400:]).mean()) for name, scores in found.items()}
    assert right["logistic regression"] > 0.95
    assert right["nearest centroid"] > 0.9
    assert right["most frequent class"] == pytest.approx(max(np.mean(y[400:]), 1 - np.mean(y[400:])), abs=0.2)


def test_a_class_without_examples_is_never_the_nearest() -> None:
    x = np.random.default_rng(0).standard_normal((20, 3)).astype(np.float32)
    found = outputs(classifiers(x, np.array([0, 2] * 10), x, 4))
    assert set(found["nearest centroid"].argmax(axis=1)) <= {0, 2}


def test_constant_features_and_huge_ones_give_finite_answers() -> None:
    x = np.random.default_rng(0).standard_normal((50, 6)).astype(np.float32)
    x[:, 0] = 7.0
    x[:, 1] *= 1e20
    y = np.arange(50) % 3
    assert all(np.isfinite(one.outputs).all() for one in classifiers(x, y, x, 3))
    assert all(np.isfinite(one.outputs).all() for one in regressors(x, y.astype(np.float32), x))


@pytest.mark.parametrize("width", [5, 200])  # fewer features than examples, and more
def test_ridge_regression_finds_a_line_in_either_form(width: int) -> None:
    random = np.random.default_rng(0)
    x = random.standard_normal((100, width)).astype(np.float32)
    y = (3 * x[:, :1] + 10).astype(np.float32)
    found = outputs(regressors(x, y, x))
    assert np.abs(found["mean"] - y.mean()).max() < 1e-5
    assert np.square(found["ridge regression"] - y).mean() < 0.1 * y.var()


def test_what_lies_far_from_the_normal_is_strange() -> None:
    random = np.random.default_rng(0)
    x = random.standard_normal((200, 8)).astype(np.float32) * np.array([1, 1, 1, 1, 1, 1, 1, 0.01], np.float32)
    strange = x[:1].copy()
    strange[0, 7] = 0.3  # thirty deviations of its own
    scores = outputs(detectors(x, np.concatenate([x, strange])))["standardised distance"]
    assert scores.shape == (201, 1) and scores[-1] > 10 * scores[:-1].max()


def test_more_examples_than_are_fitted_are_drawn_evenly() -> None:
    y = np.repeat([0, 1], MOST_EXAMPLES)
    x = y[:, None].astype(np.float32)
    found = outputs(classifiers(x, y, x[[0, -1]], 2))
    assert found["logistic regression"].argmax(axis=1).tolist() == [0, 1]


def baseline(name: str, value: float, change: float | None, error: float | None = 0.02) -> Baseline:
    return Baseline(name, Split.TEST, Figure(Metric.ACCURACY, "", value, 0.02), (), change, error)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (0.1, "The model beats the logistic regression on test data, by +0.100 ± 0.020."),
        (0.01, "The model is no better than the logistic regression"),
        (-0.1, "The model is worse than the logistic regression"),
        (None, "The best baseline on test data is the logistic regression."),
    ],
)
def test_a_model_that_does_not_beat_them_says_so(change: float | None, words: str) -> None:
    best = baseline("logistic regression", 0.8, change)
    assert words in baseline_words([baseline("most frequent class", 0.5, 0.4), best])


def test_of_errors_less_is_a_gain() -> None:
    lower = Baseline("mean", Split.TEST, Figure(Metric.MSE, "", 4.0, 0.1), (), -3.0, 0.1)
    assert lower.gain == 3.0 and lower.beaten
    assert baseline_words(()) == ""
