"""NSGA-II: generations follow from trial numbers and really evolve; nothing is kept between two proposals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlforge.records.architecture import Architecture, Dense, Head
from mlforge.records.quality import Metric, Quality, Split, Stage
from mlforge.records.trial import Failure, State, Trial
from mlforge.search.nsga2 import Nsga2Proposer
from mlforge.search.objectives import front
from mlforge.search.random import RandomProposer
from tests.unit.search.synthetic import search, space

if TYPE_CHECKING:
    from optuna.trial import BaseTrial


def proposer(seed: int, population: int = 10) -> Nsga2Proposer:
    return Nsga2Proposer(space(), seed, Metric.ACCURACY, population)


@dataclass(frozen=True, slots=True)
class SixLayers:
    """Six genes of equal weight."""

    def suggest(self, trial: BaseTrial) -> Architecture:
        units = [trial.suggest_int(f"layer{number}", 1, 9) for number in range(6)]
        return Architecture((4,), tuple(Dense(count) for count in units), 2, Head.SOFTMAX)


def test_generations_rise() -> None:
    """Quality is the mean of the genes; cost is the same for all. The fifth generation must be far above the first."""
    one = Nsga2Proposer(SixLayers(), 1, Metric.ACCURACY)
    pattern = search(proposer(1), 1)[0]
    trials: list[Trial] = []
    for number in range(50):
        made = one.propose(number, trials)
        value = sum(int(gene) for gene in made.parameters.values()) / 54
        quality = Quality(Stage.INT8_TARGET, Split.VALIDATE, Metric.ACCURACY, value, 0.0, 100, 0, {})
        design: dict[str, Any] = {"architecture": made.architecture, "parameters": made.parameters}
        trials.append(replace(pattern, number=number, state=State.TRAINED, qualities=(quality,), **design))
    means = [np.mean([trial.qualities[0].value for trial in trials[start : start + 10]]) for start in range(0, 50, 10)]
    assert means[4] > means[0] + 0.15, means


def test_a_child_takes_its_genes_from_the_elite_of_earlier_generations() -> None:
    """With the population of one generation replaced by copies of two designs, children are made of those two alone,
    but for mutations; also the genes of blocks that not every design has."""
    trials = search(proposer(1), 20)
    two = sorted(trials[:10], key=lambda trial: -len(trial.parameters))[:2]
    rigged = [replace(two[number % 2], number=number) for number in range(10)]
    own, all_genes = 0, 0
    for number in range(10, 20):
        child = proposer(1).propose(number, rigged).parameters
        for name, value in child.items():
            choices = {trial.parameters[name] for trial in two if name in trial.parameters}
            if choices:
                all_genes += 1
                own += value in choices
    assert own > 0.85 * all_genes


def test_only_the_generations_before_its_own_are_parents() -> None:
    """Trials of the same generation, finished or not, change nothing: several workers propose what one does."""
    trials = search(proposer(2), 20)
    assert proposer(2).propose(19, trials[:10]).architecture == proposer(2).propose(19, trials[:17]).architecture
    assert proposer(2).propose(20, trials[:10]).architecture != proposer(2).propose(20, trials).architecture


def test_trials_that_broke_and_trials_of_no_point_in_the_space_do_no_harm() -> None:
    trials = search(proposer(3), 12)
    broken = replace(trials[3], state=State.FAILED, cost=None, verdict=None, qualities=(), failure=Failure("run", "x"))
    foreign = replace(trials[5], parameters={})
    odd = [broken if trial.number == 3 else foreign if trial.number == 5 else trial for trial in trials]
    worse = replace(trials[7], qualities=tuple(replace(one, value=float("nan")) for one in trials[7].qualities))
    odd[7] = worse
    assert proposer(3).propose(12, odd).architecture.id not in {trial.architecture.id for trial in trials}


def test_the_front_holds_what_nothing_beats() -> None:
    base = next(trial for trial in search(RandomProposer(space(), 1, Metric.ACCURACY), 20) if trial.qualities)
    assert base.cost is not None

    def trial(number: int, quality: float, flash: int, ram: int = 500) -> Trial:
        assert base.cost is not None
        cost = replace(base.cost, flash=replace(base.cost.flash, total=flash), ram=replace(base.cost.ram, total=ram))
        return replace(base, number=number, cost=cost, qualities=(replace(base.qualities[0], value=quality),))

    trials = [trial(0, 0.8, 900), trial(1, 0.9, 1000), trial(2, 0.8, 1000), trial(3, 0.8, 950, 400), trial(4, 0.8, 900)]
    trials.append(replace(trial(5, 0.99, 10), state=State.REJECTED, qualities=()))
    assert front(trials, Metric.ACCURACY) == (0, 1, 3)
    flipped = [replace(one, qualities=tuple(replace(q, metric=Metric.MSE) for q in one.qualities)) for one in trials]
    assert front(flipped, Metric.MSE) == (0, 3)
    assert front([], Metric.MSE) == ()
