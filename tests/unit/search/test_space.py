"""Every space: what it draws can be built nearly always and has the shape asked for."""

from __future__ import annotations

import pytest
from optuna.samplers import RandomSampler
from optuna.study import create_study

from mlforge.contract import Task
from mlforge.errors import ArchitectureError
from mlforge.records.architecture import Architecture, Head, Shape, validate
from mlforge.search.space import Space, space_for

CASES: list[tuple[Task, Shape, int]] = [
    (Task.CLASSIFICATION, (128, 1, 6), 7),
    (Task.CLASSIFICATION, (16, 1, 1), 2),
    (Task.CLASSIFICATION, (3, 1, 2), 2),
    (Task.CLASSIFICATION, (4000, 1, 3), 5),
    (Task.CLASSIFICATION, (49, 10, 1), 12),
    (Task.CLASSIFICATION, (96, 96, 3), 2),
    (Task.CLASSIFICATION, (20,), 3),
    (Task.REGRESSION, (64, 1, 3), 2),
    (Task.REGRESSION, (10,), 1),
    (Task.ANOMALY, (640,), 640),
    (Task.ANOMALY, (32, 1, 3), 96),
]


def draws(space: Space, count: int) -> list[Architecture]:
    study = create_study(sampler=RandomSampler(seed=1))
    return [space.suggest(study.ask()) for _ in range(count)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_drawn_can_nearly_always_be_built(case: tuple[Task, Shape, int]) -> None:
    task, shape, outputs = case
    good = 0
    for architecture in draws(space_for(task, shape, outputs), 200):
        assert (architecture.input_shape, architecture.outputs) == (shape, outputs)
        assert (architecture.head is Head.SOFTMAX) is (task is Task.CLASSIFICATION)
        assert Architecture.from_json(architecture.to_json()) == architecture
        try:
            validate(architecture)
        except ArchitectureError:
            continue
        good += 1
    assert good >= 190


def test_draws_differ() -> None:
    assert len({one.id for one in draws(space_for(Task.CLASSIFICATION, (128, 1, 6), 7), 100)}) > 90
