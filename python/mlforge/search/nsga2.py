"""NSGA-II (Deb et al., IEEE Transactions on Evolutionary Computation 6(2), 2002) by Optuna: quality against flash, RAM
and latency, with the contract's limits as constraints.

The population is made anew from the finished trials for each proposal. A trial's generation follows from its number,
so nothing has to be remembered between two proposals. Trials that broke a limit take part: they have a cost and rank
behind all that fit, by how much they broke.

Crossover needs the same genes in every individual, but an architecture has only the parameters of the blocks that it
has. The genes of the others are drawn once per trial, by its number, and lie idle until a child has such a block.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mlforge.records.quality import Metric
from mlforge.records.trial import Parameter, Trial
from mlforge.search.history import PATIENCE, constraints, derived_seed, distributions, draw, study_of
from mlforge.search.objectives import objective_directions, objectives
from mlforge.search.proposer import Proposal
from mlforge.search.space import Space
from mlforge.search.view import View

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler, NSGAIISampler
    from optuna.study import Study
    from optuna.trial import FrozenTrial

_NUMBER: Final = "number"


@dataclass(frozen=True, slots=True)
class Nsga2Proposer:
    space: Space
    seed: int
    metric: Metric
    population: int = 10  # trials of one generation: small, as a study has some dozens of trials
    view: View | None = None  # what is known of draws; with None they are proposed as they come

    @property
    def name(self) -> str:
        return "nsga2"

    def propose(self, number: int, trials: Sequence[Trial]) -> Proposal:
        past = self._individuals(trials)
        directions = objective_directions(self.metric)
        return draw(
            self.space,
            trials,
            lambda attempt: study_of(past, self._sampler(number, attempt), directions),
            self.name,
            self.view,
        )

    def _sampler(self, number: int, attempt: int) -> BaseSampler:
        from optuna.samplers import RandomSampler

        seed = derived_seed(self.seed, number, attempt)
        return RandomSampler(seed) if attempt >= PATIENCE else _sampler(self.population, number, seed)

    def _individuals(self, trials: Sequence[Trial]) -> list[FrozenTrial]:
        """Finished trials that are points of the space, by number, all with all genes that any of them has."""
        import optuna

        ordered = sorted(trials, key=lambda trial: trial.number)
        found = [(trial, ranges) for trial in ordered if (ranges := distributions(trial.parameters, self.space))]
        genes: dict[str, BaseDistribution] = {}
        for _, ranges in found:
            genes |= ranges
        return [
            optuna.trial.create_trial(
                values=list(objectives(trial, self.metric)),
                params={**self._idle(trial, genes), **trial.parameters},
                distributions=genes,
                constraints=constraints(trial),
                user_attrs={_NUMBER: trial.number},
            )
            for trial, _ in found
        ]

    def _idle(self, trial: Trial, genes: Mapping[str, BaseDistribution]) -> dict[str, Parameter]:
        """Values for the genes that the trial's architecture does not use."""
        from optuna.samplers import RandomSampler

        missing = sorted(genes.keys() - trial.parameters.keys())
        study = study_of((), RandomSampler(derived_seed(self.seed, trial.number, -1)), ["minimize"])
        return dict(study.ask({name: genes[name] for name in missing}).params)


def _sampler(population: int, number: int, seed: int) -> NSGAIISampler:
    """Optuna's sampler, which remembers generations in its storage, with generations that follow from numbers."""
    from optuna.samplers import NSGAIISampler

    class ByNumber(NSGAIISampler):
        def get_trial_generation(self, study: Study, trial: FrozenTrial) -> int:
            return int(trial.user_attrs.get(_NUMBER, number)) // population

        def get_population(self, study: Study, generation: int) -> list[FrozenTrial]:
            past = study.get_trials(deepcopy=False)
            return [trial for trial in past if trial.user_attrs.get(_NUMBER, -1) // population == generation]

    return ByNumber(population_size=population, seed=seed)
