"""The study as a person watches it: one line a finished trial, and below them what is under way."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from mlforge.measure.ranking import validation, winner
from mlforge.records.trial import Epoch, State, Trial
from mlforge.records.verdict import Verdict
from mlforge.report.facts import said
from mlforge.report.units import label, margin, score

STAGE_WORDS = {
    "propose": "proposing",
    "cost": "costing on the emulated target",
    "train": "training",
    "distil": "training with a teacher",
    "quantise": "trying other ways to int8",
    "prune": "training with fewer channels",
    "quantise pruned": "trying other ways to int8, with fewer channels",
    "verify": "measuring int8 on host and target",
}
_PACED: Final = 3  # trainings after which their pace says something


class Progress:
    """A study's Observer that draws on a console; lines only where that is no terminal. Use as a context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._stages: dict[int, tuple[str, float]] = {}
        self._trials: list[Trial] = []
        self._epochs: dict[int, str] = {}  # how far the trainings are that are under way
        self._budget = 0
        self._resumed = 0
        self._started = time.monotonic()
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def begun(self, budget: int, finished: Sequence[Trial], retried: int) -> None:
        self._budget, self._trials, self._resumed = budget, list(finished), counted(finished)
        self._started = time.monotonic()
        if finished or retried:
            rejected = len(finished) - self._resumed
            beside = f", {rejected} proposals were rejected before training" if rejected else ""
            again = f"; {retried} interrupted will be evaluated again" if retried else ""
            self._console.print(f"resumed: {self._resumed} of {budget} trainings are done{beside}{again}")

    def stage(self, number: int, stage: str) -> None:
        with self._lock:
            self._stages[number] = (stage, time.monotonic())
            self._epochs.pop(number, None)

    def epoch(self, number: int, history: Sequence[Epoch], epochs: int) -> None:
        loss = min(epoch.validation_loss for epoch in history)
        with self._lock:
            self._epochs[number] = f", epoch {len(history)} of at most {epochs}, validation loss {loss:.3f}"

    def ended(self, trial: Trial) -> None:
        with self._lock:
            self._stages.pop(trial.number, None)
            self._epochs.pop(trial.number, None)
            self._trials.append(trial)
            done = counted(self._trials)
        self._console.print(trial_line(trial, done, self._budget), soft_wrap=True)
        if trial.reasoning:
            self._console.print(Text(f"  {said(trial)}", "dim"), soft_wrap=True)

    def _render(self) -> RenderableType:
        with self._lock:
            stages, trials, epochs = dict(self._stages), list(self._trials), dict(self._epochs)
        bar = Table.grid(padding=(0, 1))
        done = min(counted(trials), self._budget)
        bar.add_row(ProgressBar(max(self._budget, 1), done, width=30), f"{done}/{self._budget}", self._time_left(done))
        now = time.monotonic()
        lines = [
            Text(
                f"trial {number:>3}  {STAGE_WORDS.get(stage, stage)} … {now - since:.0f} s{epochs.get(number, '')}",
                style="cyan",
            )
            for number, (stage, since) in sorted(stages.items())
        ]
        return Group(Text(""), bar, Text(best_line(trials)), *lines)

    def _time_left(self, done: int) -> str:
        """By the pace since the study began or resumed; nothing before enough trainings have shown it."""
        fresh = done - self._resumed
        elapsed = time.monotonic() - self._started
        if fresh < _PACED or done >= self._budget:
            return ""
        return f"about {(self._budget - done) * elapsed / fresh / 60:.1f} min left"


def counted(trials: Sequence[Trial]) -> int:
    """How much of the budget they have spent."""
    return sum(trial.counts for trial in trials)


def best_line(trials: Sequence[Trial]) -> str:
    """The best trial that meets the contract so far."""
    best = winner(trials)
    quality = validation(best) if best else None
    if best is None or quality is None:
        return "best so far: none meets the contract yet"
    return f"best so far: trial {best.number}, {label(quality.metric)} {score(quality.value)} on validation"


def trial_line(trial: Trial, done: int, budget: int) -> Text:
    """One finished trial in one line: what it cost, how good it is, or what was wrong. `done` of `budget` are spent."""
    text = Text(f"[{done:>{len(str(budget))}}/{budget}] trial {trial.number:<3} ")
    known = f", {' and '.join(trial.recalled)} known before" if trial.recalled else ""
    seconds = f"  [{sum(trial.seconds.values()):.1f} s{known}]"
    cost = ""
    if trial.cost is not None:
        cost = (
            f"{trial.cost.flash.total / 1024:5.1f} KiB flash {trial.cost.ram.total / 1024:4.1f} KiB RAM "
            f"{trial.cost.total_latency_us / 1000:5.2f} ms"
        )
    if trial.state is State.FAILED and trial.failure:
        reason = trial.failure.reason.splitlines()[0]
        return text.append("failed   ", "red").append(f"{trial.failure.stage}: {reason}{seconds}")
    if trial.state is State.REJECTED and trial.failure:
        return text.append("rejected ", "yellow").append(f"{trial.failure.reason}; not trained{seconds}")
    if trial.state is State.STOPPED and trial.failure:
        return text.append("stopped  ", "yellow").append(f"{cost}  {trial.failure.reason}{seconds}")
    if trial.state is State.REJECTED and trial.verdict:
        return text.append("rejected ", "yellow").append(f"{cost}  {_broken(trial.verdict)}; not trained{seconds}")
    quality = validation(trial)
    figure = f"{label(quality.metric)} {score(quality.value)}" if quality else ""
    verdict = trial.verdict
    outcome = "meets the contract" if verdict and verdict.met else _broken(verdict) if verdict else ""
    colour = "green" if verdict and verdict.met else ""
    return text.append("trained  ", colour).append(f"{cost}  {figure}  ").append(outcome, colour).append(seconds)


def _broken(verdict: Verdict) -> str:
    """What a verdict complains of, with by how much."""
    return ", ".join(f"{label(check.name)} {margin(check)}" for check in verdict.checks if not check.met)
