"""What a proposer with a pool chooses from: known designs, random points, neighbours of the best trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np

from mlforge.records.trial import Parameter
from mlforge.search.designs import designs_of
from mlforge.search.draws import Drawn, drawn, narrowed, neighbours
from mlforge.search.history import derived_seed
from mlforge.search.space import Space

POOL: Final = 400  # random points
NEIGHBOURS: Final = 100


class Candidates(Protocol):
    def offered(self, parents: Sequence[Mapping[str, Parameter]], random: np.random.Generator) -> Sequence[Drawn]:
        """Valid architectures, tried or not.

        Args:
            parents: coordinates of the best trials, the best one first.
        """


@dataclass(frozen=True, slots=True)
class SpaceCandidates:
    """`seed` decides the random points, which are the same for all proposals of a study."""

    space: Space
    seed: int
    _pool: list[Drawn] = field(default_factory=list)  # drawn when first needed

    def offered(self, parents: Sequence[Mapping[str, Parameter]], random: np.random.Generator) -> Sequence[Drawn]:
        if not self._pool:
            start = np.random.default_rng(derived_seed(self.seed, -1, 0))
            space = narrowed(self.space, start)
            self._pool.extend(Drawn(one, {}, one.id) for one in designs_of(space))
            self._pool.extend(drawn(space, POOL, start))
        return [*self._pool, *neighbours(self.space, parents, NEIGHBOURS, random)]
