"""Targets by task, and the weights of examples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mlforge.contract import Task
from mlforge.records.architecture import Architecture, Head
from mlforge.training.request import Recipe, TrainingRequest
from mlforge.training.targets import example_weights, unit_of

X = np.random.default_rng(0).standard_normal((6, 2, 1, 2)).astype(np.float32)
CLASSES = np.array([0, 0, 0, 0, 1, 2])
VALUES = np.array([[1000.0, 5], [1100, 5], [1200, 5], [900, 5], [800, 5], [1000, 5]], np.float32)


def request(task: Task, **more: object) -> TrainingRequest:
    values = task is Task.REGRESSION
    y = VALUES if values else CLASSES
    architecture = Architecture((2, 1, 2), (), 2 if values else 4, Head.SOFTMAX)
    return replace(TrainingRequest(architecture, task, X, y, X, y), **more)  # type: ignore[arg-type]


def test_each_class_weighs_the_same_and_examples_one_on_average() -> None:
    weights = example_weights(request(Task.CLASSIFICATION))
    assert [weights[each == CLASSES].sum() for each in range(3)] == pytest.approx([2.0, 2.0, 2.0])
    assert weights.mean() == pytest.approx(1.0)


def test_weights_can_be_off_and_are_for_classes_alone() -> None:
    assert (example_weights(request(Task.CLASSIFICATION, recipe=Recipe(class_weights=False))) == 1).all()
    assert (example_weights(request(Task.REGRESSION)) == 1).all()


def test_values_are_learnt_in_a_unit_of_their_own_and_answered_in_theirs() -> None:
    unit = unit_of(request(Task.REGRESSION))
    targets = unit.targets(X, VALUES)
    np.testing.assert_allclose(targets.mean(axis=0), [0, 0], atol=1e-6)
    np.testing.assert_allclose(targets.std(axis=0), [1, 0], atol=1e-6)  # a constant stays a constant
    kernel, bias = unit.restored(np.eye(2, dtype=np.float32), np.zeros(2, np.float32))
    np.testing.assert_allclose(targets @ kernel + bias, VALUES, rtol=1e-6)


def test_classes_and_inputs_are_taught_as_they_are() -> None:
    assert np.array_equal(unit_of(request(Task.CLASSIFICATION)).targets(X, CLASSES), CLASSES)
    unit = unit_of(request(Task.ANOMALY))
    assert np.array_equal(unit.targets(X, CLASSES), X.reshape(6, 4))
    layer = np.ones((3, 4), np.float32), np.ones(4, np.float32)
    assert all(np.array_equal(a, b) for a, b in zip(unit.restored(*layer), layer, strict=True))
