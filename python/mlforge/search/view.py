"""What a study knows of architectures that it has not trained: how likely each keeps the limits, and what loss a model
of the finished trials expects of it. All proposers but random search look at it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mlforge.records.architecture import Architecture
from mlforge.records.quality import Metric
from mlforge.records.trial import Trial
from mlforge.search.acquisition import NETWORK_COSTING, TREES_COSTING, Family, order
from mlforge.search.draws import Drawn
from mlforge.search.feasibility import chances, lower_bounds
from mlforge.search.gaussian_process import Matrix, Vector
from mlforge.search.observations import observations
from mlforge.search.space import FrontEndSpace, Space
from mlforge.search.traits import NAMES, FrontEnds, front_end_traits, traits


@dataclass(frozen=True, slots=True)
class _Known:
    """What an architecture is worth knowing for nothing."""

    traits: tuple[float, ...]
    bounds: Mapping[str, int]


@dataclass(slots=True)
class View:
    """`limits`: by name, as a Verdict's checks have them; what is not limited is not looked at."""

    space: Space
    metric: Metric
    limits: Mapping[str, float] = field(default_factory=dict)
    _known: dict[str, _Known] = field(default_factory=dict)  # by the architecture's id

    def chances(self, pool: Sequence[Drawn], trials: Sequence[Trial]) -> Vector:
        """That each keeps all limits, [N]."""
        candidates = [self._about(one) for one in pool]
        rows = self._matrix([one.traits for one in candidates])
        ordered, known = self._tried(trials)
        measured = [(row, trial) for row, trial in zip(known, ordered, strict=True) if trial.cost is not None]
        return chances([one.bounds for one in candidates], rows, self.limits, measured)

    def chance(self, architecture: Architecture, trials: Sequence[Trial]) -> float:
        return float(self.chances([Drawn(architecture, {}, architecture.id)], trials)[0])

    def ranked(
        self, pool: Sequence[Drawn], trials: Sequence[Trial], random: np.random.Generator
    ) -> tuple[NDArray[np.int64], Vector]:
        """Indices of `pool`, the most promising first; and the chances."""
        fits = self.chances(pool, trials)
        rows = self._matrix([self._about(one).traits for one in pool])
        return order(rows, self._families(pool, trials), fits, random), fits

    def _families(self, pool: Sequence[Drawn], trials: Sequence[Trial]) -> list[Family]:
        values = observations(trials, self.metric)
        ordered, known = self._tried(trials)
        trained = np.array([trial.number in values for trial in ordered], bool)
        losses = np.array([values[trial.number] for trial in ordered if trial.number in values])
        grown = np.array([one.architecture.trees is not None for one in pool], bool)
        seen_grown = np.array([trial.proposed.trees is not None for trial in ordered], bool)[trained]
        families = []
        for trees, costing in ((True, TREES_COSTING), (False, NETWORK_COSTING)):
            places, seen = np.flatnonzero(grown == trees), seen_grown == trees
            if len(places):
                families.append(Family(places, known[trained][seen], losses[seen], costing))
        return families

    def _tried(self, trials: Sequence[Trial]) -> tuple[list[Trial], Matrix]:
        """Trials by number, and the traits of what they proposed."""
        ordered = sorted(trials, key=lambda trial: trial.number)
        proposed = [Drawn(trial.proposed, {}, trial.proposed.id) for trial in ordered]
        return ordered, self._matrix([self._about(one).traits for one in proposed])

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
