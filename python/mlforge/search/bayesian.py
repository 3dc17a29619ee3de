"""Bayesian optimisation over a pool of candidates: many are looked at, few are trained.

A pool has known designs, random points of the space, and neighbours of the best trials. Limits and trials say how
likely each keeps the limits; a Gaussian process on what is free to know of an architecture says what loss it may reach.
The study then costs the one proposed, exactly, before it trains it: one that breaks a limit counts for nothing, and the
next proposal knows of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

import numpy as np

from mlforge.errors import ArchitectureError, SearchError
from mlforge.records.architecture import Architecture, validate
from mlforge.records.quality import Metric
from mlforge.records.trial import Trial
from mlforge.search.candidates import Candidates, SpaceCandidates
from mlforge.search.coordinates import coordinates
from mlforge.search.draws import Draw, Drawn
from mlforge.search.history import derived_seed, distributions
from mlforge.search.observations import observations
from mlforge.search.proposer import Proposal
from mlforge.search.space import Space
from mlforge.search.view import View

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

PARENTS: Final = 5  # best trials that have neighbours


@dataclass(slots=True)
class BayesianProposer:
    """`limits`: by name, as a Verdict's checks have them; what is not limited is not looked at."""

    space: Space
    seed: int
    metric: Metric
    limits: Mapping[str, float] = field(default_factory=dict)
    candidates: Candidates | None = None  # what to choose from; by default what the space offers
    _own: Candidates = field(init=False)
    _view: View = field(init=False)

    def __post_init__(self) -> None:
        self._view = View(self.space, self.metric, self.limits)
        self._own = self.candidates or SpaceCandidates(self.space, self.seed)

    @property
    def name(self) -> str:
        return "bayesian"

    def propose(self, number: int, trials: Sequence[Trial]) -> Proposal:
        random = np.random.default_rng(derived_seed(self.seed, number, 0))
        values = observations(trials, self.metric)
        pool = self._candidates(trials, values, random)
        if not pool:
            raise SearchError(
                f"no new architecture in the pool; {self._reason()}",
                hint="the search space may be exhausted: fewer trials, or a larger budget, will help",
            )
        ranked, _ = self._view.ranked(pool, trials, random)
        return self._proposal(pool[int(ranked[0])])

    def hopeful(self, number: int, trials: Sequence[Trial], count: int) -> list[tuple[Architecture, float]]:
        """Up to `count` candidates, the most promising first, with the chance that each keeps the limits."""
        random = np.random.default_rng(derived_seed(self.seed, number, 0))
        pool = self._candidates(trials, observations(trials, self.metric), random)
        if not pool:
            return []
        ranked, fits = self._view.ranked(pool, trials, random)
        return [(pool[int(at)].architecture, float(fits[int(at)])) for at in ranked[:count]]

    def _candidates(
        self, trials: Sequence[Trial], values: Mapping[int, float], random: np.random.Generator
    ) -> list[Drawn]:
        """New valid architectures, each once."""
        by_number = {trial.number: trial for trial in trials}
        best = sorted(values, key=lambda number: (values[number], number))[:PARENTS]
        parents = [by_number[number].parameters for number in best if by_number[number].parameters]
        seen = {one.id for trial in trials for one in (trial.architecture, trial.proposed)}
        found = self._own.offered(parents, random)
        return list({one.id: one for one in found if one.id not in seen}.values())

    def _reason(self) -> str:
        """Why there is nothing to choose from."""
        try:
            validate(self.space.suggest(cast("BaseTrial", Draw(np.random.default_rng(self.seed)))))
        except ArchitectureError as error:
            return f"a draw was invalid: {error}"
        return "every draw had been tried before"

    def _proposal(self, chosen: Drawn) -> Proposal:
        if chosen.parameters and (ranges := distributions(chosen.parameters, self.space)):
            return Proposal(chosen.architecture, dict(chosen.parameters), ranges, self.name)
        return Proposal(chosen.architecture, *(coordinates(self.space, chosen.architecture) or ({}, {})), self.name)
