"""What is told to the model: numbers, and words of MLForge's own.

Nothing that a user wrote goes out: no data, no name of a class, stratum, column, file or contract, no log. So nothing
in the data can speak to the model either.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from mlforge.records.architecture import Architecture, Head, Layer, Residual, Shape
from mlforge.records.cost import Cost
from mlforge.records.quality import Metric
from mlforge.records.trial import State, Trial
from mlforge.records.verdict import Check, Verdict
from mlforge.search.history import objective
from mlforge.search.sizes import layer_sizes
from mlforge.templating import environment

DETAILED: Final = 3  # of the last trials, besides the best
LISTED: Final = 24  # earlier trials in one line each


@dataclass(frozen=True, slots=True)
class Assignment:
    """What is asked for. Of `limits` and `goals` only name, unit and limit count."""

    task: str
    input_shape: Shape
    outputs: int
    head: Head
    metric: Metric
    limits: tuple[Check, ...]
    goals: tuple[Check, ...]
    core: str  # of MLForge's own table, such as cortex-m4
    clock_hz: int

    @property
    def frame(self) -> Architecture:
        """An architecture without layers."""
        return Architecture(self.input_shape, (), self.outputs, self.head)

    @property
    def flash_bytes(self) -> int | None:
        return next((int(limit.limit) for limit in self.limits if limit.name == "flash"), None)


@dataclass(frozen=True, slots=True)
class Costed:
    """What an architecture costs, and how that stands against the limits."""

    cost: Cost
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Favourite:
    """A design that was not tried yet, of which a model of the finished trials expects much; `chance`: to keep the
    limits."""

    architecture: Architecture
    chance: float


def system_text(task: Assignment, may_ask: int) -> str:
    """The model's instructions; `may_ask`: how many architectures may be costed at once."""
    rank = len(task.input_shape)
    signal = rank == 3 and task.input_shape[1] == 1
    facts = {"task": task, "metric": str(task.metric), "rank": rank, "signal": signal, "may_ask": may_ask}
    return str(
        environment("mlforge.search.agent")
        .get_template("system.j2")
        .render(facts, picture=rank == 3 and not signal)
        .rstrip("\n")
    )


def opening(
    number: int,
    trials: Sequence[Trial],
    task: Assignment,
    questions: int,
    favourites: Sequence[Favourite] = (),
) -> str:
    """The first message about a trial: the best and the last trials in detail, earlier ones in short; and untried
    designs that a surrogate model rates best."""
    ordered = sorted(trials, key=lambda trial: trial.number)
    best = _best(ordered, task.metric)
    detailed = {trial.number for trial in ordered[-DETAILED:]} | ({best.number} if best else set())
    lines = [f"Trial {number}. {len(ordered)} trials are finished{f', the best is {best.number}' if best else ''}."]
    for trial in ordered[-LISTED:] if best is None else [*{t.number: t for t in (best, *ordered[-LISTED:])}.values()]:
        told = _told(trial, task, detailed=trial.number in detailed)
        lines.append(_json(told))
    if favourites:
        lines.append("A statistical model of these trials rates these untried designs best, with their chance to fit:")
        lines += [
            _json({"fits": round(one.chance, 2), "design": [compact(layer) for layer in one.architecture.layers]})
            for one in favourites
        ]
    lines.append(f"You may have {questions} more designs costed in this study." if questions else "Propose one design.")
    return "\n".join(lines)


def costs_told(asked: Sequence[Architecture], results: Sequence[Costed | str], questions: int) -> str:
    """The answer to a question about costs. A text in `results` says why there is no cost."""
    lines = ["Measured:"]
    for index, (architecture, result) in enumerate(zip(asked, results, strict=True)):
        told: dict[str, Any] = {"architecture": index}
        if isinstance(result, str):
            told["error"] = result
        else:
            told |= {"fits": result.verdict.feasible, "checks": _checks(result.verdict.checks)}
            told |= {"layers": _layers(architecture), "operators": _operators(result.cost)}
        lines.append(_json(told))
    lines.append(f"{questions} more may be costed." if questions else "No more can be costed: propose one design.")
    return "\n".join(lines)


def _best(trials: Sequence[Trial], metric: Metric) -> Trial | None:
    sign = 1.0 if metric.higher_is_better else -1.0
    found = [
        (sign * value, -trial.number, trial)
        for trial in trials
        if trial.verdict and trial.verdict.feasible and (value := objective(trial, metric)) is not None
    ]
    return max(found)[2] if found else None


def _told(trial: Trial, task: Assignment, *, detailed: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"trial": trial.number, "state": str(trial.state)}
    if trial.state in (State.FAILED, State.REJECTED) and trial.failure:
        told["failed_in"] = trial.failure.stage
    if trial.verdict:
        told["checks"] = _checks(trial.verdict.checks)
    value = objective(trial, task.metric)
    if value is not None:
        told[str(task.metric)] = round(value, 4)
        told["standard_error"] = _standard_error(trial, task.metric)
    told["design"] = [compact(layer) for layer in trial.architecture.layers]
    if detailed and trial.cost:
        told |= {"layers": _layers(trial.architecture), "operators": _operators(trial.cost)}
    return told


def _standard_error(trial: Trial, metric: Metric) -> float | None:
    found = [quality.standard_error for quality in trial.qualities if quality.metric is metric]
    error = found[-1] if found else None
    return round(error, 4) if error is not None and math.isfinite(error) else None


def _checks(checks: Sequence[Check]) -> dict[str, Any]:
    return {
        check.name: {"limit": _short(check.limit), "measured": _short(check.measured), "margin": _short(check.margin)}
        for check in checks
    }


def _layers(architecture: Architecture) -> list[dict[str, Any]]:
    return [
        {"layer": size.path, "kind": size.kind, "output": list(size.output), "output_bytes": size.output_bytes,
         "weights": size.weights, "macs": size.macs}
        for size in layer_sizes(architecture)
    ]  # fmt: skip


def _operators(cost: Cost) -> list[dict[str, Any]]:
    """Operators as they ran; the names that the model's file gives them stay here."""
    total = sum(operator.cycles for operator in cost.operators) or 1
    return [
        {"kind": operator.kind, "weight_bytes": operator.weight_bytes, "code_bytes": operator.code_bytes,
         "cycles": operator.cycles, "share_of_cycles": round(operator.cycles / total, 3)}
        for operator in cost.operators
    ]  # fmt: skip


def compact(layer: Layer) -> Mapping[str, Any]:
    """A layer as the language writes it, without what equals its default."""
    told: dict[str, Any] = {"kind": type(layer).__name__}
    for field in fields(layer):
        value = getattr(layer, field.name)
        if isinstance(layer, Residual) and field.name == "body":
            told["body"] = [compact(step) for step in layer.body]
        elif value != field.default:
            told[field.name] = list(value) if isinstance(value, tuple) else value
    return told


def _short(value: float) -> float | None:
    return float(f"{value:.5g}") if abs(value) < 1e12 else None


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
