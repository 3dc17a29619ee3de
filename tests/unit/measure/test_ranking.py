"""Choosing the winner, its ties and the nearest miss."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mlforge.measure import ranking
from mlforge.measure.student import ONE_SIGMA
from mlforge.records.trial import Epoch, State, Trial
from tests.unit.study.fakes import trial


def test_the_best_quality_wins() -> None:
    assert ranking.winner([trial(0, value=0.85), trial(1, value=0.91), trial(2, value=0.88)]).number == 1  # type: ignore[union-attr]


def test_equals_go_to_the_cheaper_then_to_the_earlier() -> None:
    assert ranking.winner([trial(0, flash=1500), trial(1, flash=900), trial(2, flash=900)]).number == 1  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "trials", [[], [trial(0, value=None)], [trial(0, value=0.5)], [trial(0, flash=3000, value=0.99)]]
)
def test_nobody_wins_who_breaks_the_contract(trials: list) -> None:  # type: ignore[type-arg]
    assert ranking.winner(trials) is None


def with_errors(number: int, value: float, deviations: tuple[float, ...], flash: int = 1000) -> Trial:
    """A trial whose quality comes with what each group adds to its error."""
    plain = trial(number, value=value, flash=flash)
    return replace(
        plain, qualities=(replace(plain.qualities[0], deviations=deviations, groups=len(deviations), value=value),)
    )


def test_ties_are_judged_group_by_group() -> None:
    """Two candidates that stumble over the same people are told apart by less than two that stumble over others."""
    hard = (0.02, -0.03, 0.01, 0.0)
    best = with_errors(0, 0.90, hard, flash=1500)
    likewise = with_errors(1, 0.88, tuple(d + e for d, e in zip(hard, (1e-3, -1e-3, 1e-3, -1e-3), strict=True)))
    otherwise = with_errors(2, 0.88, hard[::-1])
    assert choose(best, likewise).tied == ()
    assert choose(best, otherwise).winner.number == 2
    assert choose(best, otherwise).tied == (0,)


def choose(*trials: Trial) -> ranking.Choice:
    choice = ranking.choose(trials)
    assert choice is not None
    return choice


def test_the_cheapest_of_the_tied_wins_and_the_best_is_tied_with_it() -> None:
    spread = (0.02, -0.02, 0.01, -0.01)
    trials = [
        with_errors(0, 0.90, spread, flash=1800),
        with_errors(1, 0.89, spread[::-1], flash=900),
        with_errors(2, 0.895, spread[::-1], flash=1200),
        with_errors(3, 0.81, spread[::-1], flash=100),
    ]
    choice = choose(*trials)
    assert (choice.winner.number, choice.best.number, choice.tied) == (1, 0, (0, 2))
    assert ranking.why(1, 0, choice.tied) == "trial 1 wins: tied with 0 and 2 on quality, cheapest"
    assert [each.number for each in ranking.ranked(trials)] == [1, 2, 0, 3]
    assert choose(*trials[::-1]) == choice  # in whatever order they finished


def test_ties_do_not_chain() -> None:
    """Each is tied with its neighbour, but the last one not with the best: it does not win, however cheap."""
    spread = (0.02, -0.02, 0.02, -0.02)
    ladder = [
        with_errors(n, 0.95 - 0.05 * n, spread if n % 2 else spread[::-1], flash=1900 - 300 * n) for n in range(4)
    ]
    assert not ranking.told_apart(ladder[0], ladder[1], ONE_SIGMA)
    assert not ranking.told_apart(ladder[2], ladder[3], ONE_SIGMA)
    assert ranking.told_apart(ladder[0], ladder[3], ONE_SIGMA)
    assert choose(*ladder).winner.number == 1


def test_a_clearly_higher_loss_is_no_tie() -> None:
    spread = (0.02, -0.02, 0.01, -0.01)

    def with_loss(number: int, value: float, loss: float, flash: int) -> Trial:
        return replace(
            with_errors(number, value, spread[:: 1 - 2 * (number % 2)], flash), history=(Epoch(loss, loss, 0.0),)
        )

    trials = [with_loss(0, 0.90, 0.2, 1800), with_loss(1, 0.89, 0.45, 900), with_loss(3, 0.89, 0.6, 300)]
    choice = choose(*trials)
    assert (choice.winner.number, choice.tied, choice.unproven) == (1, (0,), (3,))
    without = [replace(trial, history=()) for trial in trials]
    assert choose(*without).winner.number == 3


def test_few_groups_widen_what_is_tied() -> None:
    """The same spread over two people proves less than over twelve."""
    for groups, tied in ((2, (0,)), (12, ())):
        ups = tuple(0.01 * (-1) ** n / groups**0.5 for n in range(groups))
        downs = tuple(-up for up in ups)
        reach = 2 * 0.01 * (groups / (groups - 1)) ** 0.5
        trials = with_errors(0, 0.95, ups, flash=1500), with_errors(1, 0.95 - 1.4 * reach, downs, flash=900)
        assert choose(*trials).tied == tied


def test_what_looks_worse_without_proof_is_named() -> None:
    ups, downs = (0.01, -0.01, 0.01, -0.01), (-0.01, 0.01, -0.01, 0.01)
    choice = choose(with_errors(0, 0.95, ups), with_errors(1, 0.85, downs, flash=900))
    assert (choice.winner.number, choice.tied, choice.unproven) == (0, (), (1,))


def test_equal_candidates_are_tied_as_often_as_the_rule_says() -> None:
    """Simulated people: two models of equal skill are within one standard error of each other in 68 of 100 studies,
    whether there are three people or twelve; without Student's t it would be 58 with three."""
    random = np.random.default_rng(3)
    for people in (3, 12):
        apart = 0
        for _ in range(800):
            scores = random.normal(0.9, 0.03, people) + random.normal(0.0, 0.02, (2, people))
            one, other = (
                with_errors(n, float(row.mean()), tuple((row - row.mean()) / people)) for n, row in enumerate(scores)
            )
            apart += ranking.told_apart(one, other, ONE_SIGMA)
        assert apart / 800 == pytest.approx(1 - ONE_SIGMA, abs=0.05)


@pytest.mark.parametrize(
    ("winner", "best", "tied", "sentence"),
    [
        (12, 12, (), "trial 12 wins: best quality"),
        (12, 9, (7, 9), "trial 12 wins: tied with 7 and 9 on quality, cheapest"),
        (12, 12, (3, 7, 9), "trial 12 wins: tied with 3, 7 and 9 on quality, cheapest"),
        (21, None, (4,), "trial 21 wins: best quality, tied with 4"),
    ],
)
def test_why_is_one_sentence(winner: int, best: int | None, tied: tuple[int, ...], sentence: str) -> None:
    assert ranking.why(winner, best, tied) == sentence


def test_the_nearest_miss_is_a_trained_one_with_the_smallest_shortfall() -> None:
    far, near, rejected = trial(0, value=0.4), trial(1, value=0.79), trial(2, flash=2001, value=None)
    assert ranking.nearest_miss([far, near, rejected]).number == 1  # type: ignore[union-attr]
    assert ranking.nearest_miss([rejected]).number == 2  # type: ignore[union-attr]
    assert ranking.nearest_miss([]) is None


def test_a_failed_trial_is_no_nearest_miss() -> None:
    broken = replace(trial(0, value=None), state=State.FAILED)
    assert ranking.nearest_miss([broken, trial(1, flash=2500, value=None)]).number == 1  # type: ignore[union-attr]
