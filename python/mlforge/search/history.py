"""Finished Trials as Optuna knows them, and the draws from an Optuna sampler that end in a new valid architecture."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from mlforge.errors import ArchitectureError, SearchError
from mlforge.records.architecture import validate
from mlforge.records.quality import Metric, Split, Stage
from mlforge.records.trial import Parameter, State, Trial
from mlforge.search.proposer import Proposal
from mlforge.search.space import Space

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.study import Study
    from optuna.trial import FrozenTrial

    from mlforge.search.view import View

Direction: TypeAlias = Literal["minimize", "maximize"]

ATTEMPTS: Final = 100
PATIENCE: Final = ATTEMPTS // 5  # attempts after which draws are random: what learns keeps proposing what is known
LIKELY: Final = 0.2  # chance to keep the limits from which on a draw is worth to be costed
LOOKED_AT: Final = 8  # unlikely draws in a row before the likeliest of them is taken
_STAGES: Final = (Stage.INT8_TARGET, Stage.INT8_HOST, Stage.FP32_HOST)  # the first that a trial has is what counts
_FAILED: Final = 10.0  # the constraint of a trial that broke: worse than a limit broken ten times over
_WORST: Final = 1e6


def derived_seed(seed: int, number: int, attempt: int) -> int:
    """32 bits that depend on all three."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{number}/{attempt}".encode()).digest()[:4], "big")


def objective(trial: Trial, metric: Metric) -> float | None:
    """The metric on the validation split, as near to the target as it was measured; None for an untrained trial."""
    for stage in _STAGES:
        for quality in trial.qualities:
            if quality.stage is stage and quality.split is Split.VALIDATE and quality.metric is metric:
                return quality.value if isfinite(quality.value) else None
    return None


def constraints(trial: Trial) -> dict[str, float]:
    """By hard limit, the share by which it is broken (positive) or kept (negative or zero)."""
    checks = trial.verdict.checks if trial.verdict else ()
    broken = {check.name: min(max(-check.margin, -_WORST), _WORST) for check in checks if check.hard}
    if trial.state is State.FAILED or trial.verdict is None:  # broke, or is too large to be built at all
        broken["failed"] = _FAILED
    return broken


def distributions(parameters: Mapping[str, Parameter], space: Space) -> dict[str, BaseDistribution] | None:
    """The ranges that the parameters were drawn from; None where they are not (or no longer) a point of `space`."""
    import optuna

    replay = optuna.trial.FixedTrial(dict(parameters))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Optuna only warns of a value outside its range
            space.suggest(replay)
    except (ValueError, UserWarning, ArchitectureError):
        return None
    return replay.distributions


def frozen(trial: Trial, space: Space, metric: Metric) -> FrozenTrial | None:
    """The Trial as a finished Optuna trial: complete where it has an objective, else pruned, both with constraints.

    None where its parameters are not (or no longer) a point of `space`.
    """
    import optuna

    ranges = distributions(trial.parameters, space)
    if ranges is None:
        return None
    value = objective(trial, metric)
    return optuna.trial.create_trial(
        state=optuna.trial.TrialState.PRUNED if value is None else optuna.trial.TrialState.COMPLETE,
        value=value,
        params=dict(trial.parameters),
        distributions=ranges,
        constraints=constraints(trial),
        intermediate_values=_how_far(trial, metric),
    )


def _how_far(trial: Trial, metric: Metric) -> dict[int, float]:
    """Where a stopped training was: Optuna ranks those behind all with an objective, by epochs and then by loss."""
    if trial.state is not State.STOPPED or not trial.history:
        return {}
    loss = min(epoch.validation_loss for epoch in trial.history)
    return {len(trial.history): -loss if metric.higher_is_better else loss}


def known(space: Space, trials: Sequence[Trial], metric: Metric) -> list[FrozenTrial]:
    """What a sampler can learn from, by number."""
    ordered = sorted(trials, key=lambda trial: trial.number)
    return [one for trial in ordered if (one := frozen(trial, space, metric))]


def study_of(past: Sequence[FrozenTrial], sampler: BaseSampler, directions: Sequence[Direction]) -> Study:
    """A study in memory that has seen `past`; one direction for each value."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=sampler, directions=list(directions))
    study.add_trials(past)
    return study


def direction(metric: Metric) -> Direction:
    return "maximize" if metric.higher_is_better else "minimize"


def draw(
    space: Space,
    trials: Sequence[Trial],
    study: Callable[[int], Study],
    proposer: str,
    view: View | None = None,
) -> Proposal:
    """The first draw that is valid, that no trial has, and that is not unlikely to keep the limits. `study` makes a
    seeded study for the n-th attempt.

    Args:
        view: says how likely; with None all are. Where several in a row are unlikely, the likeliest of them is taken:
            the space may have no better.

    Raises:
        SearchError: no such draw in a hundred attempts.
    """
    seen = {one.id for trial in trials for one in (trial.architecture, trial.proposed)}
    reason = "every draw had been tried before"
    unlikely: list[tuple[float, Proposal]] = []
    for attempt in range(ATTEMPTS):
        asked = study(attempt).ask()
        try:
            architecture = space.suggest(asked)
            validate(architecture)
        except ArchitectureError as error:
            reason = f"the last draw was invalid: {error}"
            continue
        if architecture.id in seen:
            continue
        proposal = Proposal(architecture, asked.params, asked.distributions, proposer)
        chance = view.chance(architecture, trials) if view else 1.0
        if chance >= LIKELY:
            return proposal
        unlikely.append((chance, proposal))
        if len(unlikely) >= LOOKED_AT:
            break
    if unlikely:
        return max(unlikely, key=lambda one: one[0])[1]
    raise SearchError(
        f"no new architecture in {ATTEMPTS} draws; {reason}",
        hint="the search space may be exhausted: fewer trials, or a larger budget, will help",
    )
