"""What proposers share: the chance that a design keeps the limits, and a model's favourites."""

from __future__ import annotations

import numpy as np
import pytest

from mlforge.records.quality import Metric
from mlforge.records.trial import State, Trial
from mlforge.search.agent.prompt import Favourite, opening
from mlforge.search.bayesian import BayesianProposer
from mlforge.search.draws import drawn
from mlforge.search.feasibility import lower_bounds
from mlforge.search.registry import proposer_named
from mlforge.search.view import View
from tests.unit.search.agent.scripted import task
from tests.unit.search.synthetic import FLASH_LIMIT, evaluated, space

LIMITS = {"flash": float(FLASH_LIMIT)}


def rejected(proposer: str, limits: dict[str, float], count: int = 30) -> int:
    trials: list[Trial] = []
    made = proposer_named(proposer, space(), 2, Metric.ACCURACY, limits=limits)
    for number in range(count):
        trials.append(evaluated(number, made.propose(number, trials)))
    return sum(trial.state is State.REJECTED for trial in trials)


@pytest.mark.parametrize("proposer", ["tpe", "nsga2"])
def test_samplers_spare_what_can_hardly_fit(proposer: str) -> None:
    assert rejected(proposer, LIMITS) < rejected(proposer, {}) / 2


def test_where_nothing_can_fit_they_still_propose() -> None:
    made = proposer_named("tpe", space(), 2, Metric.ACCURACY, limits={"flash": 1.0})
    assert made.propose(0, ()) == made.propose(0, ())


def test_what_cannot_fit_has_no_chance() -> None:
    view, pool = View(space(), Metric.ACCURACY, LIMITS), drawn(space(), 60, np.random.default_rng(1))
    for one, chance in zip(pool, view.chances(pool, ()), strict=True):
        assert 0 <= chance <= 1
        assert (chance == 0) or lower_bounds(one.architecture)["flash"] <= FLASH_LIMIT
        assert view.chance(one.architecture, ()) == pytest.approx(chance)


def test_the_agent_is_told_the_models_favourites() -> None:
    surrogate = BayesianProposer(space(), 1, Metric.ACCURACY, LIMITS)
    found = surrogate.hopeful(0, (), 3)
    assert len(found) == 3
    assert surrogate.propose(0, ()).architecture == found[0][0]
    told = opening(0, (), task(), 2, [Favourite(*one) for one in found])
    assert told.count('"fits"') == 3
    assert "untried designs" in told
    assert "untried designs" not in opening(0, (), task(), 2)
