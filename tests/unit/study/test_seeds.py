"""Finalists with more seeds: a lead that one training had by luck is gone, and who cannot be trained again is out."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from mlforge.errors import TrainingError
from mlforge.records.trial import Trial
from mlforge.study.evaluate import Evaluator
from mlforge.study.winner import seeds
from mlforge.training.request import Recipe

from .fakes import trial

VALUES = {0: (0.95, 0.70, 0.70), 1: (0.90, 0.90, 0.90), 2: (0.85, 0.85, 0.85)}  # by trial and seed


class Bench:
    """What is asked of an Evaluator."""

    def __init__(self, count: int) -> None:
        self.contract = SimpleNamespace(search=SimpleNamespace(seeds=count, workers=2))

    def behind(self, _: str) -> Any:
        return Behind(Recipe(seed=7))


class Behind(SimpleNamespace):
    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe=recipe)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Trials and the seeds that they were trained with."""
    found: list[tuple[int, int]] = []

    def answered(bench: Any, one: Trial, more: int) -> Any:
        found.append((one.number, bench.recipe.seed))
        if one.number == 3 and more == 2:
            raise TrainingError("diverged")
        return SimpleNamespace(trial=one, value=VALUES.get(one.number, (0.5, 0.5, 0.5))[more])

    def pooled(_: Any, one: Trial, answers: Any) -> Trial:
        mine = [each.value for seed in answers for each in seed if each.trial is one]
        return replace(one, qualities=(replace(one.qualities[0], value=sum(mine) / len(mine)),))

    monkeypatch.setattr(seeds, "answered", answered)
    monkeypatch.setattr(seeds, "pooled_trial", pooled)
    monkeypatch.setattr(seeds, "replace", _replaced)
    return found


def _replaced(one: Any, **changes: Any) -> Any:
    return Behind(changes["recipe"]) if isinstance(one, Behind) else replace(one, **changes)


def trained(count: int, trials: list[Trial]) -> tuple[tuple[Trial, ...], list[str]]:
    said: list[str] = []
    return seeds.trained_again(cast(Evaluator, Bench(count)), trials, said.append), said


def test_a_lucky_training_does_not_win(asked: list[tuple[int, int]]) -> None:
    trials = [trial(number, value=values[0]) for number, values in VALUES.items()]
    found, said = trained(3, trials)
    assert max(found, key=lambda one: one.qualities[0].value).number == 1
    assert sorted(asked) == [(number, seed) for number in VALUES for seed in (7, 8, 9)]
    assert "trials 0, 1 and 2 are trained with 2 more seeds" in said[0]


def test_who_cannot_be_trained_again_is_no_finalist(asked: list[tuple[int, int]]) -> None:
    found, said = trained(3, [trial(1, value=0.9), trial(3, value=0.99)])
    assert [one.number for one in found] == [1]
    assert any("trial 3 is no finalist any more: with seed 9: diverged" in line for line in said)


@pytest.mark.parametrize(("count", "values"), [(1, (0.9, 0.95)), (3, (0.9,)), (3, ())])
def test_nothing_is_trained_where_one_seed_is_asked_for_or_nothing_to_choose(
    asked: list[tuple[int, int]], count: int, values: tuple[float, ...]
) -> None:
    trials = [trial(number, value=value) for number, value in enumerate(values)]
    found, said = trained(count, trials)
    assert found == tuple(trials)
    assert (asked, said) == ([], [])
