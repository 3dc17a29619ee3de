"""What the records say when they are read together: which metric counts, what a trial achieved, which one came nearest.

Pure functions over records. Knows nothing of how anything is shown.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Final

from mlforge.app.verdicts import event_check_name
from mlforge.contract.streams import EventMetric
from mlforge.measure import ranking
from mlforge.measure.quality import interval
from mlforge.measure.ranking import listed, why
from mlforge.records.baseline import Baseline
from mlforge.records.folds import CrossValidation
from mlforge.records.lock import Lock
from mlforge.records.program import Prefer
from mlforge.records.quality import Metric, Quality, Split, Stage, metric_of
from mlforge.records.trial import State, Trial
from mlforge.records.verdict import Check, Verdict
from mlforge.report.units import (
    NOTHING,
    check_short,
    label,
    margin,
    one_line,
    score,
    score_with_error,
    signed_with_error,
)

STAGES: Final = (Stage.FP32_HOST, Stage.INT8_HOST, Stage.INT8_TARGET)
KERNELS: Final = {Prefer.RAM: "for the smallest arena", Prefer.FLASH: "on weights in few bits"}
SPLITS: Final = (Split.TEST, Split.VALIDATE, Split.TRAIN)


def checks_by_name(lock: Lock | None, trials: Sequence[Trial], limits: Verdict | None) -> dict[str, Check]:
    """Each limit and goal once, in the contract's order: from `limits`, else from whatever has a verdict."""
    verdicts = [limits, lock.verdict if lock else None, *(trial.verdict for trial in trials)]
    found: dict[str, Check] = {}
    for verdict in verdicts:
        for check in verdict.checks if verdict else ():
            found.setdefault(check.name, check)
    return found


def primary_metric(checks: Iterable[str], trials: Sequence[Trial], lock: Lock | None) -> Metric | None:
    """What candidates were compared by; before anything was measured, what the first goal is on."""
    measured = [*(lock.qualities if lock else ()), *(quality for trial in trials for quality in trial.qualities)]
    if measured:
        return measured[0].metric
    return next((metric for name in checks if (metric := metric_of(name)) is not None), None)


def find_quality(qualities: Iterable[Quality], stage: Stage, split: Split, metric: Metric) -> Quality | None:
    """The one quality of that stage, split and metric."""
    key = (stage, split, metric)
    return next((found for found in qualities if (found.stage, found.split, found.metric) == key), None)


def search_quality(trial: Trial, metric: Metric | None) -> Quality | None:
    """What the search saw of a trial: validation data, as near to the target as it got. None: never trained."""
    quality = ranking.validation(trial)
    return quality if quality is not None and quality.metric is metric else None


def feasible(trial: Trial) -> bool:
    """Trained, and within every hard limit that it was held against."""
    return trial.state is State.TRAINED and (trial.verdict is None or trial.verdict.feasible)


def state_counts(trials: Sequence[Trial]) -> Counter[State]:
    """How many trials ended in each state."""
    return Counter(trial.state for trial in trials)


def saved_seconds(lock: Lock | None, trials: Sequence[Trial]) -> float | None:
    """Training that cost-first avoided, estimated: rejected trials times the median training time. None: unknown."""
    if lock is not None:
        return lock.study.training_seconds_saved
    trained = [trial.seconds["train"] for trial in trials if trial.state is State.TRAINED and "train" in trial.seconds]
    return median(trained) * state_counts(trials)[State.REJECTED] if trained else None


def reason(trial: Trial) -> str:
    """Why a trial is not the winner, in one sentence; empty where its verdict is met."""
    if trial.failure is not None:
        return f"{one_line(trial.failure.stage)}: {one_line(trial.failure.reason)}"
    broken = [check for check in trial.verdict.checks if not check.met] if trial.verdict else []
    return "; ".join(shortfall(check) for check in broken)


FEW_GROUPS: Final = 5


def interval_words(quality: Quality) -> str:
    """`0.72–0.89`, where the metric lies for other groups with 95 % confidence."""
    if not math.isfinite(quality.value):
        return NOTHING
    low, high = interval(quality)
    return f"{score(low)}–{score(high)}" if math.isfinite(high) else NOTHING


def few_groups(quality: Quality) -> str:
    """A warning where the error itself is a guess; empty where there are groups enough, or none were named."""
    if not 0 < quality.groups < FEW_GROUPS:
        return ""
    if quality.groups == 1:
        return "One group says nothing of others: there is no standard error."
    return f"{quality.groups} groups are few: ± is uncertain itself, and the 95 % interval is wide for it."


def selection_words(lock: Lock) -> str:
    """Why the winner won, and how often the test data were opened."""
    return f"{choice_words(lock)} {opened_words(lock)}".strip()


def choice_words(lock: Lock | None) -> str:
    """Why the winner won, and what the data leave open."""
    if lock is None:
        return ""
    study = lock.study
    words = f"{why(study.winner, study.best, study.tied).capitalize()}."
    if study.unproven:
        plural = "s" if len(study.unproven) > 1 else ""
        words += f" Trial{plural} {listed(study.unproven)} did worse, but not with 95 % confidence."
    return words


def opened_words(lock: Lock | None) -> str:
    """How honest the test figures are: the test data should have been opened once, for the winner."""
    if lock is None or not lock.study.test_opened_for:
        return ""
    models = lock.study.test_models
    if lock.study.test_opened_for == (lock.study.winner,) and models <= 1:
        return "The test data were opened once, for the winner."
    plural = "s" if len(lock.study.test_opened_for) > 1 else ""
    numbers = f"trial{plural} {listed(lock.study.test_opened_for)}"
    if models > len(lock.study.test_opened_for):
        numbers += f" and {models - len(lock.study.test_opened_for)} more of other studies"
    return f"The test data were opened for {numbers}, so the test figures are less honest than one opening's."


def disturbance_words(kind: str, magnitude: float) -> str:
    """`noise, 0.1 deviations`, `gain, ±10 %`, `dropout, 5 % of samples`."""
    match kind:
        case "gain":
            return f"gain, ±{magnitude * 100:g} %"
        case "offset":
            return f"offset, ±{magnitude:g} deviations"
        case "dropout":
            return f"dropout, {magnitude * 100:g} % of samples"
    return f"{one_line(kind, 40)}, {magnitude:g} deviations"


def lower_is_better(check: Check) -> bool:
    """Whether `limit` is the most that is allowed: of costs, of errors, and of false alarms."""
    events = {event_check_name(metric): metric for metric in EventMetric}
    metric = metric_of(check.name) or events.get(check.name)
    return metric is None or not metric.higher_is_better


def folds_words(found: CrossValidation | None) -> str:
    """What cross-validation says of groups that nothing saw; empty where there was none."""
    quality = next((one for one in found.sealed if one.stage is Stage.INT8_TARGET), None) if found else None
    if found is None or quality is None:
        return ""
    groups = f"{quality.groups} groups" if quality.groups else f"{quality.examples} recordings' examples"
    return (
        f"On {groups} that the choice never saw, in {found.folds - 1} of {found.folds} folds: "
        f"{label(quality.metric)} {score_with_error(quality.value, quality.standard_error)}, "
        f"95 % interval {interval_words(quality)}. By the groups of fold {found.left_out + 1} the search compared "
        f"candidates, so they are left out."
    )


def baseline_words(baselines: Sequence[Baseline]) -> str:
    """Whether the model is worth its search, on the most honest split that has the best baseline; empty for none."""
    split = next((split for split in SPLITS if any(one.split is split for one in baselines)), None)
    if split is None:
        return ""
    best = max((one for one in baselines if one.split is split), key=_goodness)
    if best.gain is None:
        return f"The best baseline on {split} data is the {best.name}."
    by = signed_with_error(best.change or 0.0, best.change_error)
    if best.beaten:
        return f"The model beats the {best.name} on {split} data, by {by}."
    worse = "is worse than" if best.gain < -(best.change_error or 0.0) else "is no better than"
    return f"The model {worse} the {best.name} on {split} data ({by}): it does not earn what it costs."


def _goodness(one: Baseline) -> float:
    return one.figure.value if one.figure.metric.higher_is_better else -one.figure.value


def said(trial: Trial) -> str:
    """Who proposed a trial of a study with an agent, and why, in one clean line; empty in other studies."""
    if trial.handed_over:
        return f"{one_line(trial.proposer, 20)} in place of the agent: {one_line(trial.handed_over, 300)}"
    return f"agent: {one_line(trial.reasoning, 300) or 'no reason given'}" if trial.proposer == "agent" else ""


def shortfall(check: Check) -> str:
    """`RAM 12.2 KiB of 10 KiB, 22.0 % over`."""
    measured, limit = check_short(check, check.measured), check_short(check, check.limit)
    where = f" ({one_line(check.where, 60)})" if check.where else ""
    return f"{label(check.name)} {measured} of {limit}, {margin(check)}{where}"
