"""Choosing the winner, its ties and the nearest miss."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mlforge.records.trial import State
from mlforge.study import select
from tests.unit.study.fakes import trial


def test_the_best_quality_wins() -> None:
    assert select.winner([trial(0, value=0.85), trial(1, value=0.91), trial(2, value=0.88)]).number == 1  # type: ignore[union-attr]


def test_equals_go_to_the_cheaper_then_to_the_earlier() -> None:
    assert select.winner([trial(0, flash=1500), trial(1, flash=900), trial(2, flash=900)]).number == 1  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "trials", [[], [trial(0, value=None)], [trial(0, value=0.5)], [trial(0, flash=3000, value=0.99)]]
)
def test_nobody_wins_who_breaks_the_contract(trials: list) -> None:  # type: ignore[type-arg]
    assert select.winner(trials) is None


def test_ties_are_judged_group_by_group() -> None:
    best = trial(0, value=0.90, strata={"who=1": 0.95, "who=2": 0.85})
    noisy = trial(1, value=0.89, strata={"who=1": 0.84, "who=2": 0.94})
    worse = trial(2, value=0.85, strata={"who=1": 0.901, "who=2": 0.80})
    assert select.tied(best, [best, noisy, worse], "who") == (1,)


def test_the_nearest_miss_is_a_trained_one_with_the_smallest_shortfall() -> None:
    far, near, rejected = trial(0, value=0.4), trial(1, value=0.79), trial(2, flash=2001, value=None)
    assert select.nearest_miss([far, near, rejected]).number == 1  # type: ignore[union-attr]
    assert select.nearest_miss([rejected]).number == 2  # type: ignore[union-attr]
    assert select.nearest_miss([]) is None


def test_a_failed_trial_is_no_nearest_miss() -> None:
    broken = replace(trial(0, value=None), state=State.FAILED)
    assert select.nearest_miss([broken, trial(1, flash=2500, value=None)]).number == 1  # type: ignore[union-attr]
