"""What a person sees of a study while it runs: how far trainings are, and how long it may take once that is known."""

from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from mlforge.cli.progress import Progress
from mlforge.records.quality import Metric
from mlforge.records.trial import Epoch, State, Trial
from mlforge.search.random import RandomProposer
from tests.unit.search.synthetic import search, space


@pytest.fixture
def watched() -> tuple[Progress, Console]:
    console = Console(file=io.StringIO(), width=120)
    shown = Progress(console)
    shown.begun(10, (), 0)
    return shown, console


def drawn_on(console: Console, shown: Progress) -> str:
    with console.capture() as capture:
        console.print(shown._render())
    return capture.get()


def trained(count: int) -> list[Trial]:
    found = search(RandomProposer(space(), 1, Metric.ACCURACY), 6 * count)
    return [trial for trial in found if trial.state is State.TRAINED][:count]


def test_epoch_and_loss_are_shown_while_a_training_is_under_way(watched: tuple[Progress, Console]) -> None:
    shown, console = watched
    shown.stage(4, "train")
    assert "epoch" not in drawn_on(console, shown)
    shown.epoch(4, (Epoch(0.9, 0.8, 1.0), Epoch(0.7, 0.85, 1.0)), 25)
    assert "training … 0 s, epoch 2 of at most 25, validation loss 0.800" in drawn_on(console, shown)
    shown.stage(4, "verify")
    assert "epoch" not in drawn_on(console, shown)


def test_time_left_is_said_once_the_pace_is_known(
    watched: tuple[Progress, Console], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, console = watched
    begun = shown._started
    monkeypatch.setattr(time, "monotonic", lambda: begun + 90.0)
    first, second, third = trained(3)
    shown.ended(first)
    shown.ended(second)
    assert "left" not in drawn_on(console, shown)
    shown.ended(third)
    assert "about 3.5 min left" in drawn_on(console, shown)
