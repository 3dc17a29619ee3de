"""What a study that missed its contract tells: which limit binds, what was reached, and what to try next.

Pure functions over a contract and its trials. Each sentence rests on figures of the trials, and names the key to
change.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from mlforge.contract.contract import Contract, Quantisation
from mlforge.contract.units import format_size, format_time
from mlforge.measure import ranking
from mlforge.records.quality import Split, Stage
from mlforge.records.trial import State, Trial
from mlforge.records.verdict import Check

MUCH: Final = 0.8  # share of a limit that the best trial uses, from which the limit holds it back
LATE: Final = 0.75  # share of the trainings after which an improvement says that more would help
OVERFITTED: Final = 2.0  # times the training loss that the validation loss is


def binding(checks: Sequence[Check]) -> list[str]:
    """Each broken limit or goal with its figures, the worst first."""
    broken = sorted((check for check in checks if not check.met), key=lambda check: check.margin)
    return [f"{check.name} is {shown(check, check.measured)} of {shown(check, check.limit)}" for check in broken]


def reached(contract: Contract, trials: Sequence[Trial]) -> list[str]:
    """What the search saw: what limits ruled out, the best, and the smallest."""
    return [*_rejections(trials), *_front(contract, trials)]


def advice(contract: Contract, trials: Sequence[Trial]) -> list[str]:
    """What to try next, the likeliest first; empty where some trial meets the contract on validation data."""
    if ranking.winner(trials) is not None:
        return []
    trained = ranking.by_quality(trials)
    if not trained:
        return [*_out_of_reach(contract, trials)]
    best = trained[0]
    return [
        *_near(best),
        *_lost_in_int8(contract, best),
        *_limited(contract, best),
        *_trials(contract, trials, best),
        *_epochs(contract, best),
        *_overfitted(best),
        *_front_ends(contract),
    ]


def shown(check: Check, value: float) -> str:
    """A figure in the unit that contracts are written in."""
    if check.unit == "bytes":
        return format_size(round(value))
    return format_time(value) if check.unit == "us" else f"{value:.3g}{f' {check.unit}' if check.unit else ''}"


def _rejections(trials: Sequence[Trial]) -> Iterator[str]:
    rejected = [trial for trial in trials if trial.state is State.REJECTED]
    checks = [check for trial in rejected for check in (trial.verdict.checks if trial.verdict else ())]
    broke = Counter(check.name for check in checks if not check.met)
    if rejected:
        listed = ", ".join(f"{name} {count} times" for name, count in broke.most_common())
        told = f"{len(rejected)} of {len(trials)} proposals broke a limit before training"
        yield f"{told}: {listed}" if listed else told


def _front(contract: Contract, trials: Sequence[Trial]) -> Iterator[str]:
    """The best and the smallest of those that were trained."""
    trained = ranking.by_quality(trials)
    for words, trial in (
        ("the best", trained[0] if trained else None),
        ("the smallest", min(trained, key=_flash, default=None)),
    ):
        quality = ranking.validation(trial) if trial else None
        if trial is not None and trial.cost is not None and quality is not None:
            sizes = f"flash {trial.cost.flash.total:,} B, RAM {trial.cost.ram.total:,} B"
            figures = (
                f"{quality.metric} {quality.value:.3f}, {sizes}, {format_time(round(trial.cost.total_latency_us))}"
            )
            yield f"{words} within the limits is trial {trial.number}: {figures}"


def _out_of_reach(contract: Contract, trials: Sequence[Trial]) -> Iterator[str]:
    """Nothing was trained: the limit that would have to give way least."""
    nearest = ranking.nearest_miss(trials)
    for check in nearest.verdict.checks if nearest and nearest.verdict else ():
        if not check.met:
            yield (
                f"raise {_place(contract, f'limits.{check.name}')}: the nearest proposal needs "
                f"{shown(check, check.measured)} of {shown(check, check.limit)}"
            )
    if nearest is None or nearest.verdict is None:
        yield "no proposal came as far as a cost: the report names what failed"
    elif contract.features:
        yield "a shorter window or coarser features make all networks smaller (features)"


def _near(best: Trial) -> Iterator[str]:
    quality = ranking.validation(best)
    goals = [check for check in (best.verdict.checks if best.verdict else ()) if not check.hard and not check.met]
    if quality is None or quality.standard_error is None or len(goals) != 1 or goals[0].name != quality.metric:
        return
    if abs(goals[0].limit - goals[0].measured) <= quality.standard_error:
        yield (
            f"trial {best.number} misses {quality.metric} by less than its standard error "
            f"({quality.standard_error:.3f}): more validation groups would tell (data.split)"
        )


def _lost_in_int8(contract: Contract, best: Trial) -> Iterator[str]:
    floats = next((q for q in best.qualities if (q.stage, q.split) == (Stage.FP32_HOST, Split.VALIDATE)), None)
    int8 = ranking.validation(best)
    if floats is None or int8 is None or floats.metric is not int8.metric:
        return
    lost = abs(floats.value - int8.value)
    if lost > contract.training.tolerance and contract.training.quantisation is not Quantisation.ALL:
        yield (
            f"trial {best.number} loses {lost:.3f} of its {int8.metric} in int8: training.quantisation: all, or "
            "standardise: {statistics: robust} where the data have outliers"
        )


def _limited(contract: Contract, best: Trial) -> Iterator[str]:
    """Limits that the best trial nearly uses up, and how much more would let the next size in."""
    for check in best.verdict.checks if best.verdict else ():
        if check.hard and 1 - check.margin >= MUCH:
            more = math.ceil(check.limit * 1.5)
            yield (
                f"the best trial uses {1 - check.margin:.0%} of {_place(contract, f'limits.{check.name}')}: with "
                f"{shown(check, more)}, larger networks would fit"
            )


def _trials(contract: Contract, trials: Sequence[Trial], best: Trial) -> Iterator[str]:
    counted = [trial.number for trial in sorted(trials, key=lambda one: one.number) if trial.counts]
    position = counted.index(best.number) + 1 if best.number in counted else len(counted)
    if position >= LATE * len(counted):
        yield (
            f"the best came as training {position} of {len(counted)}: the search was still improving, so "
            f"{_place(contract, 'search.trials')}: {2 * contract.search.trials}"
        )
    else:
        yield (
            f"the best came as training {position} of {len(counted)}, and nothing after it was better: more trainings "
            "alone will hardly help"
        )


def _epochs(contract: Contract, best: Trial) -> Iterator[str]:
    losses = [epoch.validation_loss for epoch in best.history]
    if len(losses) >= contract.search.epochs and losses.index(min(losses)) >= 0.9 * len(losses) - 1:
        yield (
            f"the best still improved in its last of {len(losses)} epochs: "
            f"{_place(contract, 'search.epochs')}: {2 * contract.search.epochs}"
        )


def _overfitted(best: Trial) -> Iterator[str]:
    if not best.history:
        return
    last = min(best.history, key=lambda epoch: epoch.validation_loss)
    if last.loss > 0 and last.validation_loss > OVERFITTED * last.loss:
        yield (
            f"its validation loss is {last.validation_loss / last.loss:.1f} times the training loss: more groups to "
            "train on, or data.augment"
        )


def _front_ends(contract: Contract) -> Iterator[str]:
    if len(contract.front_ends) == 1:
        yield "other features may tell more: a choice, or a preset such as speech, vibration or motion (features)"


def _flash(trial: Trial) -> float:
    return trial.cost.flash.total if trial.cost else math.inf


def _place(contract: Contract, key: str) -> str:
    line = contract.lines.get(key)
    return f"{key} ({contract.path.name}:{line})" if line else key
