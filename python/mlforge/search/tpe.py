"""Tree-structured Parzen estimators (Bergstra et al., NIPS 2011), multivariate and with constraints, by Optuna.

Trials that broke a limit are never trained but inform the next proposal: they rank behind all feasible ones, by how
much they broke (c-TPE's ordering, arXiv 2211.14411).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlforge.records.quality import Metric
from mlforge.records.trial import Trial
from mlforge.search.history import PATIENCE, derived_seed, direction, draw, known, study_of
from mlforge.search.proposer import Proposal
from mlforge.search.space import Space
from mlforge.search.view import View

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


@dataclass(frozen=True, slots=True)
class TpeProposer:
    space: Space
    seed: int
    metric: Metric
    startup: int = 8  # trials, trained or not, that are drawn at random before the estimator learns
    view: View | None = None  # what is known of draws; with None they are proposed as they come

    @property
    def name(self) -> str:
        return "tpe"

    def propose(self, number: int, trials: Sequence[Trial]) -> Proposal:
        past = known(self.space, trials, self.metric)
        directions = [direction(self.metric)]
        return draw(
            self.space,
            trials,
            lambda attempt: study_of(past, self._sampler(number, attempt), directions),
            self.name,
            self.view,
        )

    def _sampler(self, number: int, attempt: int) -> BaseSampler:
        from optuna.exceptions import ExperimentalWarning
        from optuna.samplers import RandomSampler, TPESampler

        seed = derived_seed(self.seed, number, attempt)
        if attempt >= PATIENCE:
            return RandomSampler(seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)  # of `group`
            return TPESampler(
                n_startup_trials=self.startup, multivariate=True, group=True, constant_liar=False, seed=seed
            )
