"""Seeded random search: the yardstick of every other proposer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlforge.records.quality import Metric
from mlforge.records.trial import Trial
from mlforge.search.history import derived_seed, direction, draw, study_of
from mlforge.search.proposer import Proposal
from mlforge.search.space import Space

if TYPE_CHECKING:
    from optuna.study import Study


@dataclass(frozen=True, slots=True)
class RandomProposer:
    space: Space
    seed: int
    metric: Metric

    @property
    def name(self) -> str:
        return "random"

    def propose(self, number: int, trials: Sequence[Trial]) -> Proposal:
        from optuna.samplers import RandomSampler

        def study(attempt: int) -> Study:
            sampler = RandomSampler(derived_seed(self.seed, number, attempt))
            return study_of((), sampler, [direction(self.metric)])

        return draw(self.space, trials, study, self.name)
