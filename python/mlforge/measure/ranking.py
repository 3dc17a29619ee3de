"""Which trial wins, which ones the data cannot tell from the best, and which one missed by least. The one place that
orders trials: the study, the terminal and the report all ask here. Pure functions over records.

The rule, one-standard-error selection (Breiman et al., Classification and Regression Trees, 1984, section 3.4.3) on
paired differences: of the trials that meet the contract, those within one standard error of the best are tied with it,
but for classifiers of a clearly higher loss, and the cheapest of these wins. docs/selection.md explains it to users.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mlforge.measure.quality import error_of_difference
from mlforge.measure.student import ONE_SIGMA, quantile
from mlforge.records.quality import Metric, Quality, Split, Stage
from mlforge.records.trial import State, Trial
from mlforge.records.verdict import Verdict

# Of validation losses: between two trainings of a network, log losses have a deviation of 0.1 to 0.3 (bench/pools), so
# that they differ by more than the logarithm of this once in a hundred times at most.
CLEARLY: Final = 2.5
_OF_CLASSES: Final = frozenset({Metric.ACCURACY, Metric.BALANCED_ACCURACY, Metric.F1})


@dataclass(frozen=True, slots=True)
class Choice:
    """Who wins and why. `tied` are the numbers of the others that the validation data cannot tell from `best`, the best
    one itself among them where it did not win; `unproven` those that look worse, but by less than 95 % confidence."""

    winner: Trial
    best: Trial
    tied: tuple[int, ...]
    unproven: tuple[int, ...]


def choose(trials: Sequence[Trial]) -> Choice | None:
    """The cheapest of those tied with the best. Everyone is compared with the best alone, so that ties do not chain:
    A tied with B and B with C says nothing of A and C. None where no trial meets the contract."""
    met = [trial for trial in trials if meets(trial)]
    best = min(met, key=_by_quality, default=None)
    if best is None:
        return None
    others = [trial for trial in met if trial is not best]
    tied = [trial for trial in others if not told_apart(best, trial, ONE_SIGMA) and not _is_less_sure(trial, best)]
    winner = min([best, *tied], key=_by_expense)
    # Bonferroni: all of these comparisons are right together with 95 % confidence.
    sure = 1.0 - 0.05 / max(1, len(others))
    unproven = [trial for trial in others if trial not in tied and not told_apart(best, trial, sure)]
    return Choice(winner, best, _numbers(best, *tied, without=winner), _numbers(*unproven, without=winner))


def why(winner: int, best: int | None, tied: Sequence[int]) -> str:
    """`trial 12 wins: tied with 7 and 9 on quality, cheapest`. `best` is None in records from before ties went to the
    cheapest."""
    if best is None:
        return f"trial {winner} wins: best quality" + (f", tied with {listed(tied)}" if tied else "")
    return f"trial {winner} wins: " + (f"tied with {listed(tied)} on quality, cheapest" if tied else "best quality")


def listed(numbers: Sequence[int]) -> str:
    """`7, 9 and 12`."""
    words = [str(number) for number in numbers]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def ranked(trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """Those that meet the contract in the order in which they would win: each is the choice among those behind it."""
    left, order = list(trials), []
    while (choice := choose(left)) is not None:
        order.append(choice.winner)
        left.remove(choice.winner)
    return tuple(order)


def by_quality(trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """Those that were trained, the best on validation data first, whatever they cost."""
    judged = [trial for trial in trials if trial.state is State.TRAINED and validation(trial) is not None]
    return tuple(sorted(judged, key=lambda trial: (-_goodness(trial), trial.number)))


def winner(trials: Sequence[Trial]) -> Trial | None:
    """The choice, where there is one."""
    choice = choose(trials)
    return choice.winner if choice else None


def candidate(trials: Sequence[Trial]) -> Trial | None:
    """The trial to speak of: the winner, else the nearest miss; None where nothing was judged."""
    return winner(trials) or nearest_miss(trials)


def nearest_miss(trials: Sequence[Trial]) -> Trial | None:
    """The trial that breaks the contract by least, by the sum of what is missing; a rejected one only where none was
    trained."""
    judged = [trial for trial in trials if trial.verdict is not None and trial.state is not State.FAILED]
    return min(
        judged, key=lambda trial: (trial.state is not State.TRAINED, shortfall(trial), trial.number), default=None
    )


def meets(trial: Trial) -> bool:
    """Trained, and within every limit and goal that it was held against."""
    return trial.state is State.TRAINED and trial.verdict is not None and trial.verdict.met


def shortfall(trial: Trial) -> float:
    """The sum of what is missing, each as a share of its limit; 0 where nothing is broken, infinite where unknown."""
    margins = [check.margin for check in trial.verdict.checks] if trial.verdict else [math.nan]
    return sum(math.inf if math.isnan(margin) else max(0.0, -margin) for margin in margins)


def expense(trial: Trial) -> float:
    """How much of its limits a trial uses."""
    return spent(trial.verdict) if trial.verdict else 0.0


def spent(verdict: Verdict) -> float:
    """The mean share of the hard limits that is used; 0 where there are none."""
    shares = [1.0 - check.margin for check in verdict.checks if check.hard]
    return sum(shares) / len(shares) if shares else 0.0


def validation(trial: Trial) -> Quality | None:
    """The quality that the search sees: validation data, as near to the target as it was measured."""
    for stage in (Stage.INT8_TARGET, Stage.INT8_HOST, Stage.FP32_HOST):
        for quality in trial.qualities:
            if (quality.stage, quality.split) == (stage, Split.VALIDATE) and math.isfinite(quality.value):
                return quality
    return None


def told_apart(one: Trial, other: Trial, confidence: float) -> bool:
    """Whether validation data tell the qualities of two trials apart with that confidence, two-sided.

    The difference is held against its own standard error, paired by what is independent (`Quality.deviations`): both
    were judged on the same people or machines, and what is hard for both cancels out. Student's t stands for the normal
    distribution, because few groups make a poor estimate of that error.
    """
    first, second = validation(one), validation(other)
    if first is None or second is None or first.metric is not second.metric:
        return True
    error, freedom = error_of_difference(first, second)
    difference = abs(first.value - second.value)
    return difference > 1e-12 and difference > quantile(confidence, freedom) * error


def _is_less_sure(trial: Trial, best: Trial) -> bool:
    """Whether a classifier's validation loss is clearly higher than that of the best. Accuracies of some hundred
    examples are equal by chance more often than losses are."""
    quality = validation(trial)
    if quality is None or quality.metric not in _OF_CLASSES or not (trial.history and best.history):
        return False
    lowest = [min(epoch.validation_loss for epoch in one.history) for one in (trial, best)]
    return lowest[0] > CLEARLY * lowest[1]


def _goodness(trial: Trial) -> float:
    quality = validation(trial)
    if quality is None:
        return -math.inf
    return quality.value if quality.metric.higher_is_better else -quality.value


def _by_quality(trial: Trial) -> tuple[float, float, int]:
    return -_goodness(trial), expense(trial), trial.number


def _by_expense(trial: Trial) -> tuple[float, float, int]:
    return expense(trial), -_goodness(trial), trial.number


def _numbers(*trials: Trial, without: Trial) -> tuple[int, ...]:
    return tuple(sorted(trial.number for trial in trials if trial is not without))
