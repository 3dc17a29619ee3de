"""Trees as a family of the search: what is drawn, told of them, found again, and when they are searched at all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from optuna.samplers import RandomSampler
from optuna.study import create_study

from mlforge.contract import Task
from mlforge.contract.contract import Execution, Family
from mlforge.errors import ArchitectureError
from mlforge.records.architecture import Architecture, Conv, Dense, Growth, Head, Shape, Trees, validate
from mlforge.records.quality import Metric, Quality, Split, Stage
from mlforge.records.trial import Epoch, State, Trial
from mlforge.records.verdict import Check, Verdict
from mlforge.search.acquisition import NETWORK_COSTING, TREES_COSTING, trained_share
from mlforge.search.bayesian import BayesianProposer
from mlforge.search.coordinates import coordinates
from mlforge.search.designs import designs_of
from mlforge.search.feasibility import lower_bounds
from mlforge.search.registry import PROPOSERS, proposer_named
from mlforge.search.space import Space, can_be_trees, families_for, space_for, with_families
from mlforge.search.traits import NAMES, traits

CASES: list[tuple[Task, Shape, int]] = [
    (Task.CLASSIFICATION, (30,), 2),
    (Task.CLASSIFICATION, (1, 1, 14), 7),
    (Task.CLASSIFICATION, (64, 1, 3), 4),
    (Task.REGRESSION, (10,), 1),
]


def both(task: Task, shape: Shape, outputs: int) -> Space:
    return with_families(space_for(task, shape, outputs), tuple(Family), shape, outputs, task)


def design(*layers: Trees | Dense | Conv, outputs: int = 3, head: Head = Head.SOFTMAX) -> Architecture:
    return Architecture((12,), layers, outputs, head)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_both_families_are_drawn_told_and_found_again(case: tuple[Task, Shape, int]) -> None:
    space, study = both(*case), create_study(sampler=RandomSampler(seed=1))
    kinds, valid = set(), 0
    for _ in range(60):
        drawn = space.suggest(study.ask())
        try:
            validate(drawn)
        except ArchitectureError:
            continue
        assert Architecture.from_json(drawn.to_json()) == drawn
        valid += 1
        kinds.add(drawn.trees is not None)
        told = traits(drawn)
        assert len(told) == len(NAMES)
        assert np.isfinite(told).all()
        found = coordinates(space, drawn)
        assert found is not None
        again = create_study(sampler=RandomSampler(seed=2))
        again.enqueue_trial(dict(found[0]))
        assert space.suggest(again.ask()) == drawn
    assert kinds == {False, True}
    assert valid >= 30


def test_trees_stand_alone_and_within_what_the_engine_holds() -> None:
    trees = Trees(Growth.BOOSTED, 10, 3)
    for wrong in (
        design(trees, Dense(4)),
        design(Dense(4), trees),
        design(replace(trees, depth=13)),
        design(replace(trees, rounds=0)),
        design(replace(trees, rounds=1400)),  # for three classes over 4096 trees
        design(replace(trees, rounds=128, depth=8)),  # too many leaves
        design(trees, outputs=2, head=Head.LINEAR),
    ):
        with pytest.raises(ArchitectureError):
            validate(wrong)
    assert design(trees).trees == trees
    assert design(Dense(4)).trees is None


@pytest.mark.parametrize(
    ("task", "shape", "outputs", "execution", "searched"),
    [
        (Task.CLASSIFICATION, (30,), 2, Execution.WHOLE, True),  # a table
        (Task.CLASSIFICATION, (1, 1, 14), 7, Execution.WHOLE, True),  # statistics of one frame
        (Task.CLASSIFICATION, (128, 1, 6), 7, Execution.WHOLE, False),  # samples
        (Task.CLASSIFICATION, (8, 8, 1), 10, Execution.WHOLE, False),  # a picture
        (Task.REGRESSION, (1,), 1, Execution.WHOLE, False),  # a curve
        (Task.REGRESSION, (10,), 3, Execution.WHOLE, False),  # more than one value
        (Task.ANOMALY, (30,), 30, Execution.WHOLE, False),
        (Task.CLASSIFICATION, (30,), 2, Execution.STREAM, False),
    ],
)
def test_trees_are_searched_unasked_where_they_suit(
    task: Task, shape: Shape, outputs: int, execution: Execution, searched: bool
) -> None:
    assert (Family.TREES in families_for(task, shape, outputs, execution, None)) is searched
    assert families_for(task, (128, 1, 6), outputs, Execution.WHOLE, (Family.TREES,)) == (
        (Family.TREES,) if can_be_trees(task, outputs) else (Family.NETWORKS,)
    )


def test_known_designs_of_trees_are_in_the_pool() -> None:
    space = both(Task.CLASSIFICATION, (30,), 3)
    assert {one.trees is not None for one in designs_of(space)} == {False, True}
    sizes = [lower_bounds(one)["flash"] for one in designs_of(space) if one.trees]
    assert min(sizes) < 4096 < max(sizes)


def test_costing_trees_takes_as_long_as_growing_them() -> None:
    chances = np.array([0.1])
    assert trained_share(chances, TREES_COSTING) < 0.2 < trained_share(chances, NETWORK_COSTING)


def judged(number: int, architecture: Architecture) -> Trial:
    """Trees are better the more rounds they have, networks always worse; 20,000 bytes of tables fit."""
    size, trees = lower_bounds(architecture)["flash"], architecture.trees
    verdict = Verdict((Check("flash", "bytes", 20_000, size, (20_000 - size) / 20_000, True),))
    trial = Trial(number, State.REJECTED, architecture, {}, verdict=verdict)
    if size > 20_000:
        return trial
    loss = 0.2 - 0.02 * np.log(trees.rounds) if trees else 0.5
    quality = Quality(Stage.INT8_HOST, Split.VALIDATE, Metric.ACCURACY, 1 - loss, 0.0, 100, 0, {})
    return replace(trial, state=State.TRAINED, qualities=(quality,), history=(Epoch(loss, loss, 0.0),))


def test_each_family_is_tried_and_then_the_better_one() -> None:
    proposer = BayesianProposer(
        both(Task.CLASSIFICATION, (30,), 3), 1, Metric.ACCURACY, {"flash": 20_000.0, "stack": 1024.0}
    )
    trials: list[Trial] = []
    while sum(trial.state is State.TRAINED for trial in trials) < 12:
        trials.append(judged(len(trials), proposer.propose(len(trials), trials).architecture))
    trained = [trial.architecture.trees is not None for trial in trials if trial.state is State.TRAINED]
    assert sum(trained[:6]) == 3
    assert sum(trained[6:]) >= 4
    assert len(trials) < 60


@pytest.mark.parametrize("name", sorted(PROPOSERS))
def test_every_proposer_proposes_both(name: str) -> None:
    space = both(Task.CLASSIFICATION, (30,), 3)
    proposer, trials = proposer_named(name, space, 3, Metric.ACCURACY, limits={"flash": 20_000.0}), list[Trial]()
    for number in range(14):
        proposal = proposer.propose(number, trials)
        trials.append(replace(judged(number, proposal.architecture), parameters=proposal.parameters))
    assert {trial.architecture.trees is not None for trial in trials} == {False, True}
