"""Which trial wins, which ones the data cannot tell from it, and which one missed by least."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mlforge.records.quality import Quality, Split, Stage
from mlforge.records.trial import State, Trial


def winner(trials: Sequence[Trial]) -> Trial | None:
    """The trial that meets the contract on validation data with the best quality; equals go to the cheaper, then to the
    earlier. None where no trial meets it."""
    met = [trial for trial in trials if trial.state is State.TRAINED and trial.verdict and trial.verdict.met]
    return min(met, key=lambda trial: (-_goodness(trial), expense(trial), trial.number), default=None)


def tied(best: Trial, trials: Sequence[Trial], group: str) -> tuple[int, ...]:
    """Numbers of the other trials that meet the contract and whose quality the validation data cannot tell from the
    best's: the mean of the differences by group is at most one standard error of that mean (paired by group, because
    both were judged on the same people or machines)."""
    reference = validation(best)
    if reference is None:
        return ()
    return tuple(
        trial.number
        for trial in trials
        if trial.number != best.number
        and trial.state is State.TRAINED
        and trial.verdict is not None
        and trial.verdict.met
        and (other := validation(trial)) is not None
        and _indistinguishable(reference, other, group)
    )


def nearest_miss(trials: Sequence[Trial]) -> Trial | None:
    """The trial that breaks the contract by least: the fewest broken checks among the trained, measured by the sum of
    negative margins; a rejected one only where none was trained."""
    judged = [trial for trial in trials if trial.verdict is not None and trial.state is not State.FAILED]
    return min(
        judged, key=lambda trial: (trial.state is not State.TRAINED, shortfall(trial), trial.number), default=None
    )


def shortfall(trial: Trial) -> float:
    """The sum of what is missing, each as a share of its limit; 0 where nothing is broken."""
    return -sum(min(0.0, check.margin) for check in trial.verdict.checks) if trial.verdict else math.inf


def expense(trial: Trial) -> float:
    """How much of its limits a trial uses: the mean share over the hard limits; 0 where there are none."""
    shares = [1.0 - check.margin for check in trial.verdict.checks if check.hard] if trial.verdict else []
    return sum(shares) / len(shares) if shares else 0.0


def validation(trial: Trial) -> Quality | None:
    """The quality that the search sees: validation data, int8, on the target."""
    wanted = (Stage.INT8_TARGET, Split.VALIDATE)
    return next((quality for quality in trial.qualities if (quality.stage, quality.split) == wanted), None)


def _goodness(trial: Trial) -> float:
    quality = validation(trial)
    if quality is None:
        return -math.inf
    return quality.value if quality.metric.higher_is_better else -quality.value


def _indistinguishable(one: Quality, other: Quality, group: str) -> bool:
    shared = [key for key in one.strata if key in other.strata and key.startswith(f"{group}=")]
    differences = [one.strata[key] - other.strata[key] for key in shared]
    if len(differences) < 2:
        return abs(one.value - other.value) <= math.hypot(one.standard_error, other.standard_error)
    mean = sum(differences) / len(differences)
    variance = sum((value - mean) ** 2 for value in differences) / (len(differences) - 1)
    return abs(mean) <= math.sqrt(variance / len(differences))
