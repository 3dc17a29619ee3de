"""Every point of every space is found again, and nothing else is taken for one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from optuna.samplers import RandomSampler
from optuna.study import create_study

from mlforge.contract import Task
from mlforge.records.architecture import Activation, Architecture, Conv, Dense, Dropout, Head, Shape
from mlforge.search.coordinates import coordinates
from mlforge.search.space import space_for
from tests.unit.search.test_space import CASES


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_is_drawn_is_found_again(case: tuple[Task, Shape, int]) -> None:
    space = space_for(*case)
    study = create_study(sampler=RandomSampler(seed=1))
    for _ in range(60):
        asked = study.ask()
        drawn = space.suggest(asked)
        found = coordinates(space, drawn)
        assert found is not None
        parameters, ranges = found
        assert parameters.keys() == ranges.keys()
        same = create_study(sampler=RandomSampler(seed=2))
        same.enqueue_trial(dict(parameters))
        assert space.suggest(same.ask()) == drawn


def test_other_architectures_are_no_points() -> None:
    space = space_for(Task.CLASSIFICATION, (128, 1, 6), 7)
    study = create_study(sampler=RandomSampler(seed=1))
    drawn = space.suggest(study.ask())
    stem = drawn.layers[0]
    assert isinstance(stem, Conv)
    for change in ({"filters": 5}, {"kernel": (4, 1)}, {"activation": Activation.RELU6}, {"filters": 400}):
        odd = replace(stem, **change)
        assert coordinates(space, replace(drawn, layers=(odd, *drawn.layers[1:]))) is None
    assert coordinates(space, replace(drawn, layers=(*drawn.layers, Dense(16), Dense(16)))) is None
    assert coordinates(space, replace(drawn, layers=(Dense(16),))) is None
    assert coordinates(space, replace(drawn, layers=(Dropout(0.5), *drawn.layers))) is None
    assert coordinates(space, replace(drawn, layers=())) is None
    autoencoder = space_for(Task.ANOMALY, (640,), 640)
    uneven = Architecture((640,), (Dense(16), Dense(4), Dense(32)), 640, Head.LINEAR)
    assert coordinates(autoencoder, uneven) is None
