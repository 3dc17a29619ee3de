"""Proposals depend on seed, number and finished trials alone; TPE uses what it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from mlforge.errors import SearchError
from mlforge.records.architecture import Architecture, Dense, Head
from mlforge.records.quality import Metric, Quality, Split, Stage
from mlforge.records.trial import Failure, State, Trial
from mlforge.records.verdict import Check, Verdict
from mlforge.search.history import constraints, derived_seed, frozen, objective
from mlforge.search.registry import PROPOSERS, proposer_named
from tests.unit.search.synthetic import best, evaluated, search, space

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

NAMES = sorted(PROPOSERS)


def ids(trials: Sequence[Trial]) -> list[str]:
    return [trial.architecture.id for trial in trials]


@pytest.mark.parametrize("name", NAMES)
def test_equal_seeds_propose_equal_architectures(name: str) -> None:
    first, again, other = (search(proposer_named(name, space(), seed, Metric.ACCURACY), 20) for seed in (1, 1, 2))
    assert ids(first) == ids(again)
    assert ids(first) != ids(other)
    if name != "bayesian":  # which begins with the same designs, whatever the seed
        assert not set(ids(first)) & set(ids(other))


@pytest.mark.parametrize("name", NAMES)
def test_a_resumed_search_goes_on_as_if_nothing_had_happened(name: str) -> None:
    whole = search(proposer_named(name, space(), 3, Metric.ACCURACY), 25)
    for stopped in (0, 1, 7, 8, 9, 20):
        stored = [Trial.from_json(trial.to_json()) for trial in reversed(whole[:stopped])]
        resumed = proposer_named(name, space(), 3, Metric.ACCURACY)
        for number in range(stopped, 25):
            stored.append(evaluated(number, resumed.propose(number, stored)))
        assert ids(sorted(stored, key=lambda trial: trial.number)) == ids(whole)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_proposed_twice(name: str) -> None:
    proposed = ids(search(proposer_named(name, space(), 4, Metric.ACCURACY), 60))
    assert len(set(proposed)) == 60


@pytest.mark.slow
def test_tpe_beats_random_at_equal_budget() -> None:
    seeds, budget = range(8), 40
    scores = {
        name: [best(search(proposer_named(name, space(), seed, Metric.ACCURACY), budget)) for seed in seeds]
        for name in ("random", "tpe")
    }
    assert sum(scores["tpe"]) > sum(scores["random"]) + 0.02 * len(seeds)
    assert sum(tpe > random for tpe, random in zip(scores["tpe"], scores["random"], strict=True)) >= 6


def test_rejected_trials_are_learnt_from() -> None:
    rejected = {
        name: sum(
            trial.state is State.REJECTED
            for seed in range(2)
            for trial in search(proposer_named(name, space(), seed, Metric.ACCURACY), 40, limit=3000)[10:]
        )
        for name in NAMES
    }
    assert max(rejected["tpe"], rejected["nsga2"]) < 0.75 * rejected["random"], rejected


def test_tpe_follows_the_metrics_direction() -> None:
    """With mse the same numbers mean the opposite."""
    trials = search(proposer_named("random", space(), 6, Metric.ACCURACY), 30)
    errors = [
        replace(trial, qualities=tuple(replace(quality, metric=Metric.MSE) for quality in trial.qualities))
        for trial in trials
    ]
    up = proposer_named("tpe", space(), 6, Metric.ACCURACY)
    down = proposer_named("tpe", space(), 6, Metric.MSE)
    assert any(up.propose(n, trials).architecture != down.propose(n, errors).architecture for n in range(30, 35))


@dataclass(frozen=True, slots=True)
class OneOfTwo:
    valid: bool = True

    def suggest(self, trial: BaseTrial) -> Architecture:
        units = trial.suggest_int("units", 1, 2)
        return Architecture((4,), (Dense(units if self.valid else 0),), 2, Head.SOFTMAX)


@pytest.mark.parametrize("name", NAMES)
def test_an_exhausted_space_ends_in_an_error(name: str) -> None:
    proposer = proposer_named(name, OneOfTwo(), 1, Metric.ACCURACY)
    trials: list[Trial] = []
    for number in range(2):
        proposal = proposer.propose(number, trials)
        trials.append(Trial(number, State.FAILED, proposal.architecture, proposal.parameters))
    with pytest.raises(SearchError, match="tried before"):
        proposer.propose(2, trials)


@pytest.mark.parametrize("name", NAMES)
def test_a_space_of_invalid_architectures_ends_in_an_error(name: str) -> None:
    with pytest.raises(SearchError, match=r"invalid: layers\[0\]"):
        proposer_named(name, OneOfTwo(valid=False), 1, Metric.ACCURACY).propose(0, [])


def test_an_unknown_proposer_is_refused() -> None:
    with pytest.raises(SearchError, match="nsga2, random, tpe"):
        proposer_named("oracle", space(), 1, Metric.ACCURACY)


def test_the_objective_is_the_validation_metric_nearest_to_the_target() -> None:
    quality = Quality(Stage.FP32_HOST, Split.VALIDATE, Metric.ACCURACY, 0.9, 0.0, 10, 0, {})
    on_target = replace(quality, stage=Stage.INT8_TARGET, value=0.7)
    sealed = replace(quality, stage=Stage.INT8_TARGET, split=Split.TEST, value=0.1)
    trial = search(proposer_named("random", space(), 1, Metric.ACCURACY), 1)[0]
    assert objective(replace(trial, qualities=(sealed, quality, on_target)), Metric.ACCURACY) == 0.7
    assert objective(replace(trial, qualities=(sealed, quality)), Metric.ACCURACY) == 0.9
    assert objective(replace(trial, qualities=(sealed,)), Metric.ACCURACY) is None


def test_constraints_are_hard_limits_alone_and_failures_rank_last() -> None:
    checks = (Check("ram", "bytes", 100, 150, -0.5, True), Check("accuracy", "", 0.8, 0.4, -0.5, False))
    trial = replace(search(proposer_named("random", space(), 1, Metric.ACCURACY), 1)[0], verdict=Verdict(checks))
    assert constraints(trial) == {"ram": 0.5}
    failed = replace(trial, verdict=None, state=State.FAILED, failure=Failure("build", "no"))
    assert constraints(failed)["failed"] > 5


def test_parameters_of_another_space_are_ignored() -> None:
    trial = search(proposer_named("random", space(), 1, Metric.ACCURACY), 1)[0]
    assert frozen(trial, space(), Metric.ACCURACY) is not None
    for change in ({"blocks": 99}, {"pool": "nowhere"}, {"stem.filters": 5}):
        assert frozen(replace(trial, parameters={**trial.parameters, **change}), space(), Metric.ACCURACY) is None
    assert frozen(replace(trial, parameters={}), space(), Metric.ACCURACY) is None


def test_derived_seeds_differ() -> None:
    assert len({derived_seed(a, b, c) for a in range(5) for b in range(5) for c in range(5)}) == 125
