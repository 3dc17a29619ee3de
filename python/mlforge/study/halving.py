"""Successive halving over epochs (Jamieson and Talwalkar, arXiv 1502.07943), by Optuna's pruner: a training that falls
behind half of the earlier ones at a rung is stopped there.

A decision is a function of the trial's own validation losses and of the histories of the trials that it may see, so a
study stops the same trainings whatever the timing, resumed or not, and whether a training is under way or remembered.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mlforge.records.trial import Epoch, Trial

if TYPE_CHECKING:
    import optuna

FACTOR: Final = 2
RUNGS: Final = 2
STARTUP: Final = 4  # trainings that must have passed a rung before one is stopped there: a rank among three says little
_LEAST_EPOCHS: Final = 3  # no decision before: the learning rate is still rising


@dataclass(frozen=True, slots=True)
class Halving:
    """`rungs` are numbers of epochs, rising; none where nothing is ever stopped."""

    rungs: tuple[int, ...] = ()

    def stopped_at(self, seen: Sequence[Trial], history: Sequence[Epoch]) -> int | None:
        """After how many epochs a training with this history, as far as it is known, is stopped; None where it goes on.

        Args:
            seen: the trials that the decision may depend on.
        """
        curves = [trial.history for trial in seen if trial.history]
        reached = [rung for rung in self.rungs if rung <= len(history)]
        if not reached or sum(len(curve) >= reached[0] for curve in curves) < STARTUP:
            return None
        study = self._replayed(curves)
        trial = study.ask()
        for rung in reached:
            trial.report(loss_at(history, rung), rung)
            stops = trial.should_prune()
            if stops and sum(len(curve) >= rung for curve in curves) >= STARTUP:
                return rung
        return None

    def _replayed(self, curves: Sequence[Sequence[Epoch]]) -> optuna.Study:
        """A study in memory whose pruner has seen the curves. What it thinks of them does not matter any more."""
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=self.rungs[0], reduction_factor=FACTOR)
        study = optuna.create_study(direction="minimize", pruner=pruner)
        for curve in curves:
            trial = study.ask()
            for rung in self.rungs:
                if rung <= len(curve):
                    trial.report(loss_at(curve, rung), rung)
                    trial.should_prune()
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        return study


def halving(epochs: int) -> Halving:
    """Rungs after a quarter and half of the epochs."""
    first = epochs // (FACTOR**RUNGS)
    return Halving(tuple(first * FACTOR**rung for rung in range(RUNGS)) if first >= _LEAST_EPOCHS else ())


def loss_at(history: Sequence[Epoch], epochs: int) -> float:
    """The best validation loss of the first `epochs` epochs: its weights are those that would be kept."""
    return min(epoch.validation_loss for epoch in history[:epochs])
