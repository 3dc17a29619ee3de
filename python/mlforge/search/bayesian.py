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
from numpy.typing import NDArray

from mlforge.errors import ArchitectureError, SearchError
from mlforge.records.architecture import validate
from mlforge.records.quality import Metric
from mlforge.records.trial import Trial
from mlforge.search.acquisition import NETWORK_COSTING, TREES_COSTING, Family, order
from mlforge.search.candidates import Candidates, SpaceCandidates
from mlforge.search.coordinates import coordinates
from mlforge.search.draws import Draw, Drawn
from mlforge.search.feasibility import chances, lower_bounds
from mlforge.search.gaussian_process import Matrix
from mlforge.search.history import derived_seed, distributions
from mlforge.search.observations import observations
from mlforge.search.proposer import Proposal
from mlforge.search.space import FrontEndSpace, Space
from mlforge.search.traits import NAMES, FrontEnds, front_end_traits, traits

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

PARENTS: Final = 5  # best trials that have neighbours


@dataclass(frozen=True, slots=True)
class _Known:
    """What an architecture is worth knowing for nothing."""

    traits: tuple[float, ...]
    bounds: Mapping[str, int]


@dataclass(slots=True)
class BayesianProposer:
    """`limits`: by name, as a Verdict's checks have them; what is not limited is not looked at."""

    space: Space
    seed: int
    metric: Metric
    limits: Mapping[str, float] = field(default_factory=dict)
    candidates: Candidates | None = None  # what to choose from; by default what the space offers
    _own: Candidates = field(init=False)
    _known: dict[str, _Known] = field(default_factory=dict)  # by the architecture's id

    def __post_init__(self) -> None:
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
        best = pool[int(self._ranked(pool, trials, values, random)[0])]
        return self._proposal(best)

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

    def _ranked(
        self, pool: Sequence[Drawn], trials: Sequence[Trial], values: Mapping[int, float], random: np.random.Generator
    ) -> NDArray[np.int64]:
        candidates = [self._about(one) for one in pool]
        rows = self._matrix([one.traits for one in candidates])
        ordered = sorted(trials, key=lambda trial: trial.number)
        proposed = [Drawn(trial.proposed, {}, trial.proposed.id) for trial in ordered]
        known = self._matrix([self._about(one).traits for one in proposed])
        measured = [(row, trial) for row, trial in zip(known, ordered, strict=True) if trial.cost is not None]
        fits = chances([one.bounds for one in candidates], rows, self.limits, measured)
        trained = np.array([trial.number in values for trial in ordered], bool)
        losses = np.array([values[trial.number] for trial in ordered if trial.number in values])
        grown, seen_grown = (
            np.array([one.architecture.trees is not None for one in some], bool) for some in (pool, proposed)
        )
        families = []
        for trees, costing in ((True, TREES_COSTING), (False, NETWORK_COSTING)):
            places, seen = np.flatnonzero(grown == trees), seen_grown[trained] == trees
            if len(places):
                families.append(Family(places, known[trained][seen], losses[seen], costing))
        return order(rows, families, fits, random)

    def _about(self, one: Drawn) -> _Known:
        if one.id not in self._known:
            row = *traits(one.architecture), *front_end_traits(one.architecture.front_end, self._front_ends)
            self._known[one.id] = _Known(row, lower_bounds(one.architecture))
        return self._known[one.id]

    def _matrix(self, rows: Sequence[tuple[float, ...]]) -> Matrix:
        columns = len(NAMES) + len(front_end_traits("", self._front_ends))
        return np.array(rows, np.float64).reshape(len(rows), columns)

    @property
    def _front_ends(self) -> FrontEnds:
        return self.space.front_ends if isinstance(self.space, FrontEndSpace) else {}

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
