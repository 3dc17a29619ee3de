"""Successive halving: what it stops is a function of what it may see, and it leaves the winner of a real study alone.

`recorded/activity.json`: the trainings of `samples/activity` (24 trials, seed 1, 25 epochs, no pruner): of each the
validation loss by epoch, the seconds, and the figures on the target.
"""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlforge.contract import Task
from mlforge.measure.ranking import winner
from mlforge.records.quality import Metric
from mlforge.records.trial import Epoch, Failure, State, Trial
from mlforge.records.verdict import Check, Verdict
from mlforge.study.evaluate import Evaluator
from mlforge.study.halving import STARTUP, Halving, halving
from mlforge.study.memory.artefacts import ArtefactStore
from mlforge.study.memory.database import open_database, sqlite_url
from mlforge.study.memory.result_cache import DatabaseResults, ResultCache
from mlforge.training.request import Recipe, Stopped, TrainingRequest, TrainingResult, Watch
from tests.unit.study import fakes

RECORDED: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "recorded" / "activity.json").read_text(encoding="utf-8")
)
EPOCHS, WORKERS = 25, 2


def curve(*losses: float, seconds: float = 1.0) -> tuple[Epoch, ...]:
    return tuple(Epoch(loss, loss, seconds) for loss in losses)


def seen(*levels: float) -> list[Trial]:
    """Trials whose loss stayed at a level for eight epochs."""
    return [dataclasses.replace(fakes.trial(n), history=curve(*[level] * 8)) for n, level in enumerate(levels)]


def as_trial(number: int, row: dict[str, Any]) -> Trial:
    base = fakes.trial(number, value=row["accuracy"], strata=row["strata"])
    checks = [Check(name, "", 1.0, 1.0, margin, hard=name != "accuracy") for name, margin in row["margins"].items()]
    history = curve(*row["validation_losses"], seconds=row["epoch_seconds"])
    return dataclasses.replace(base, verdict=Verdict(tuple(checks)), history=history)


def replay(rows: list[dict[str, Any]], rule: Halving) -> tuple[list[Trial], float, float]:
    """The trials of a study with this rule, the seconds that its trainings take, and what they take without it."""
    trials: list[Trial] = []
    for number, row in enumerate(rows):
        trial = as_trial(number, row)
        at = rule.stopped_at(trials[: max(0, number - WORKERS + 1)], trial.history)
        if at is not None:
            failure = Failure("train", "stopped")
            trial = dataclasses.replace(
                trial, state=State.STOPPED, qualities=(), history=trial.history[:at], failure=failure
            )
        trials.append(trial)
    whole = sum(len(row["validation_losses"]) * row["epoch_seconds"] for row in rows)
    return trials, sum(epoch.seconds for trial in trials for epoch in trial.history), whole


def test_the_demo_keeps_its_winner_and_spends_a_fifth_less() -> None:
    trials, spent, whole = replay(RECORDED, halving(EPOCHS))
    untouched, _, _ = replay(RECORDED, Halving())
    chosen, expected = winner(trials), winner(untouched)
    assert chosen is not None
    assert expected is not None
    assert chosen.number == expected.number
    assert spent < 0.8 * whole
    assert not any(trial.state is State.STOPPED for trial in untouched)


def test_in_whatever_order_they_come_the_best_is_never_stopped() -> None:
    best = max(row["accuracy"] for row in RECORDED)
    spent = whole = 0.0
    for seed in range(10):
        rows = random.Random(seed).sample(RECORDED, len(RECORDED))
        trials, some, all_ = replay(rows, halving(EPOCHS))
        spent, whole = spent + some, whole + all_
        assert max(trial.qualities[0].value for trial in trials if trial.state is State.TRAINED) == best
    assert spent < 0.85 * whole


def test_rungs_are_a_quarter_and_half_of_the_epochs() -> None:
    assert halving(25).rungs == (6, 12)
    assert halving(40).rungs == (10, 20)
    assert halving(11).rungs == ()  # too short for a decision


def test_who_is_behind_half_of_them_is_stopped_at_the_first_rung() -> None:
    rule = Halving((4, 8))
    earlier = seen(0.5, 0.6, 0.7, 0.8)
    assert rule.stopped_at(earlier, curve(*[0.9] * 8)) == 4
    assert rule.stopped_at(earlier, curve(*[0.4] * 8)) is None
    assert rule.stopped_at(earlier, curve(*[0.9] * 3)) is None  # not there yet
    assert rule.stopped_at(earlier, curve(*[0.4] * 4)) is None


def test_the_second_rung_compares_with_those_that_came_so_far() -> None:
    rule = Halving((4, 8))
    earlier = [
        dataclasses.replace(fakes.trial(n), history=curve(*[level] * 4, *[later] * 4))
        for n, (level, later) in enumerate([(0.5, 0.2), (0.6, 0.2), (0.7, 0.2), (0.8, 0.2)])
    ]
    assert rule.stopped_at(earlier, curve(*[0.4] * 4, *[0.39] * 4)) == 8


def test_nothing_is_stopped_before_there_is_anything_to_compare_with() -> None:
    assert Halving((4,)).stopped_at(seen(*[0.5] * (STARTUP - 1)), curve(*[9.0] * 4)) is None
    assert Halving((4,)).stopped_at(seen(*[0.5] * STARTUP), curve(*[9.0] * 4)) == 4


def test_without_rungs_nothing_is_stopped() -> None:
    assert Halving().stopped_at(seen(*[0.5] * 9), curve(*[9.0] * 40)) is None


def test_a_watched_training_ends_where_a_remembered_one_does() -> None:
    """Asked at each rung as it comes, or once with the whole history: the same answer."""
    rule = halving(EPOCHS)
    trials = [as_trial(number, row) for number, row in enumerate(RECORDED)]
    for trial in trials:
        others = [other for other in trials if other is not trial]
        live = next((n for n in rule.rungs if rule.stopped_at(others, trial.history[:n]) is not None), None)
        reached = live if live is not None and live <= len(trial.history) else None
        assert rule.stopped_at(others, trial.history) == reached


@pytest.mark.parametrize("metric", [Metric.ACCURACY, Metric.MSE])
def test_proposers_rank_a_stopped_trial_behind_the_trained_and_before_the_rejected(metric: Metric) -> None:
    import optuna

    from mlforge.search.history import frozen

    class Units:
        def suggest(self, trial: Any) -> Any:
            return fakes.architecture(trial.suggest_int("units", 1, 99))

    stopped = dataclasses.replace(
        fakes.trial(3), state=State.STOPPED, qualities=(), history=curve(0.9, 0.7), failure=Failure("train", "stopped")
    )
    one = frozen(stopped, Units(), metric)
    assert one is not None
    assert one.state is optuna.trial.TrialState.PRUNED
    assert one.values is None
    assert all(value <= 0 for value in one.constraints.values())  # feasible, as far as is known
    assert one.intermediate_values == {2: -0.7 if metric.higher_is_better else 0.7}


class FakeTrainer:
    """A training whose losses are given; it asks at the rungs as the real one does."""

    def __init__(self, *losses: float) -> None:
        self.history, self.trainings = curve(*losses), 0

    def train_watched(self, request: TrainingRequest, watch: Watch) -> TrainingResult | Stopped:
        self.trainings += 1
        for rung in watch.rungs:
            if rung <= len(self.history) and not watch.goes_on(self.history[:rung]):
                return Stopped(self.history[:rung])
        outputs = np.zeros((2, 2), np.float32)
        return TrainingResult(b"int8", b"float", outputs, len(self.history), 0, self.history, {})


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[ResultCache]:
    with closing(open_database(sqlite_url(tmp_path))) as database:
        yield ResultCache(DatabaseResults(database), ArtefactStore(tmp_path / "files"), "tools")


def trained(memory: ResultCache, trainer: FakeTrainer, visible: list[Trial]) -> tuple[int, bool, bool]:
    """Epochs of what an evaluation gets, whether that was stopped, and whether it was remembered."""
    nothing: Any = None
    some: Any = trainer
    evaluator = Evaluator(
        nothing, nothing, nothing, nothing, some, nothing, Recipe(), cache=memory, halving=Halving((4, 8))
    )
    x, y = np.zeros((4, 4), np.float32), np.array([0, 1, 0, 1])
    request = TrainingRequest(fakes.architecture(4), Task.CLASSIFICATION, x, y, x, y)
    result = evaluator._watched_training(request, visible)
    return len(result.value.history), isinstance(result.value, Stopped), result.from_cache


def test_memory_stops_where_the_training_would_have_been(memory: ResultCache) -> None:
    slow, good, bad = FakeTrainer(*[0.65] * 8), seen(0.1, 0.2, 0.3, 0.4), seen(0.7, 0.8, 0.9, 1.0)
    assert trained(memory, slow, good) == (4, True, False)
    assert trained(memory, slow, good) == (4, True, True)  # its beginning is known, and is enough
    assert trained(memory, slow, bad) == (8, False, False)  # here it goes on: the beginning is not enough
    assert trained(memory, slow, bad) == (8, False, True)
    assert trained(memory, slow, good) == (4, True, True)  # known whole, stopped all the same
    assert slow.trainings == 2
