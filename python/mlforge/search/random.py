"""Seeded random search: the yardstick of every other proposer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlforge.records.quality import Metric
from mlforge.records.trial import Trial
from mlforge.search.history import derived_seed, draw
from mlforge.search.proposer import Proposal
from mlforge.search.space import Space


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

        return draw(
            self.space,
            trials,
            self.metric,
            lambda attempt: RandomSampler(derived_seed(self.seed, number, attempt)),
            known=False,
        )
