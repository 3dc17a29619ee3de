"""How a search went, as pictures: quality by trial, and quality against each resource with its Pareto front.

Turns records into positions; templates/charts.svg.j2 draws.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mlforge.records.cost import Cost
from mlforge.records.quality import Metric
from mlforge.records.trial import State, Trial
from mlforge.records.verdict import Check
from mlforge.report import facts, units
from mlforge.report.charts import Axis, Frame, Mark, Rule, Scale, axis, extent, path, steps
from mlforge.report.quality_axis import bounds, goal_values, quality_title, whisker

_LANE_REJECTED: Final = 18.0  # pixels below the plot


_LANE_STOPPED: Final = 32.0
_LANE_FAILED: Final = 46.0


@dataclass(frozen=True, slots=True)
class Plot:
    """A scatter plot with optional lines. `lanes` are the rows below the plot for trials without a quality."""

    id: str
    title: str
    description: str
    frame: Frame
    x: Axis
    y: Axis
    marks: tuple[Mark, ...]
    front: str = ""  # an SVG path
    second: str = ""  # another one, to compare it with
    across: Rule | None = None  # horizontal
    down: Rule | None = None  # vertical
    lanes: tuple[tuple[str, float], ...] = ()  # label and y
    beyond: int = 0  # marks that stand at the edge for want of room


@dataclass(frozen=True, slots=True)
class Resource:
    """One cost that qualities are held against. `unit_size` divides the measured figure for the axis."""

    name: str
    words: str
    axis_title: str
    unit_size: float
    of: Callable[[Cost], float]


RESOURCES: Final = (
    Resource("flash", "flash", "Flash [KiB]", 1024.0, lambda cost: float(cost.flash.total)),
    Resource("ram", "RAM", "RAM [KiB]", 1024.0, lambda cost: float(cost.ram.total)),
    Resource("latency", "latency", "Latency [ms]", 1000.0, lambda cost: cost.total_latency_us),
)


def convergence(
    trials: Sequence[Trial], metric: Metric, goal: Check | None, chosen: int | None, *, width: int, name: str
) -> Plot:
    """Quality of each trial in order, the best feasible so far as a staircase, rejected and failed ones in lanes."""
    lanes = _lanes(trials, (State.REJECTED, State.STOPPED, State.FAILED))
    frame = Frame(width, 300, 58, 14, width - 12, 300 - 52 - (lanes[-1][1] if lanes else 0))
    numbers = [trial.number for trial in trials]
    first, last = min(numbers, default=0), max(numbers, default=1)
    x = Scale(first - 0.5, max(last, first + 1) + 0.5, frame.left, frame.right)
    y = _quality_scale(trials, metric, goal, frame)
    marks = [_trial_mark(trial, metric, chosen, x(trial.number), y, frame) for trial in trials]
    best = steps(_best_so_far(trials, metric, x, y))
    front = path([*best, (frame.right, best[-1][1])]) if best else ""
    return Plot(
        id=name,
        title=f"{units.label(metric)} by trial",
        description=_convergence_words(trials, metric),
        frame=frame,
        x=axis("Trial", x, 12 if width > 600 else 6, whole=True),
        y=axis(quality_title(metric), y, 6),
        marks=_in_drawing_order(marks),
        front=front,
        across=_goal_rule(goal, y),
        lanes=tuple((label, frame.bottom + below) for label, below in lanes),
    )


def pareto(
    trials: Sequence[Trial],
    metric: Metric,
    resource: Resource,
    checks: Mapping[str, Check],
    chosen: int | None,
) -> Plot:
    """Quality against one resource, with limit and goal as lines and the front of the feasible trials."""
    costed = [trial for trial in trials if trial.cost is not None and trial.state is not State.FAILED]
    lanes = _lanes(costed, (State.REJECTED, State.STOPPED))
    frame = Frame(372, 300, 58, 26, 360, 300 - 52 - (lanes[-1][1] if lanes else 0))
    limit, goal = checks.get(resource.name), checks.get(metric)
    x = _resource_scale(costed, metric, resource, limit, frame)
    y = _quality_scale(costed, metric, goal, frame)
    marks = []
    for trial in costed:
        value = _of(resource, trial)
        mark = _trial_mark(trial, metric, chosen, x(value), y, frame)
        marks.append(mark if x.holds(value) else Mark(mark.x, mark.y, mark.kind, "arrow", mark.title))
    front = path(steps(_front(costed, metric, resource, x, y)))
    down = None
    if limit is not None and math.isfinite(limit.limit) and x.holds(limit.limit / resource.unit_size):
        at = x(limit.limit / resource.unit_size)
        down = Rule(at, f"limit {units.check_short(limit, limit.limit)}", at > (frame.left + frame.right) / 2)
    return Plot(
        id=f"pareto-{resource.name}",
        title=f"{units.label(metric)} against {resource.words}",
        description=f"{len(costed)} trials with a cost, {sum(mark.y <= frame.bottom for mark in marks)} trained.",
        frame=frame,
        x=axis(resource.axis_title, x, 6),
        y=axis(quality_title(metric), y, 6),
        marks=_in_drawing_order(marks),
        front=front,
        across=_goal_rule(goal, y),
        down=down,
        beyond=sum(mark.shape == "arrow" for mark in marks),
        lanes=tuple((label, frame.bottom + below) for label, below in lanes),
    )


def _quality_scale(trials: Sequence[Trial], metric: Metric, goal: Check | None, frame: Frame) -> Scale:
    found = (facts.search_quality(trial, metric) for trial in trials)
    floor, top = bounds(metric)
    values = [end for quality in found if quality is not None for end in whisker(quality)] + goal_values(goal)
    low, high = extent(values, floor=floor, top=top)
    return Scale(low, high, frame.bottom, frame.top)


def _of(resource: Resource, trial: Trial) -> float:
    value = resource.of(trial.cost) / resource.unit_size if trial.cost is not None else 0.0
    return value if math.isfinite(value) else 0.0


def _resource_scale(
    trials: Sequence[Trial], metric: Metric, resource: Resource, limit: Check | None, frame: Frame
) -> Scale:
    """From zero to what was trained and half as much again as the limit; one far beyond must not squeeze the rest."""
    everything = [_of(resource, trial) for trial in trials]
    trained = [_of(resource, trial) for trial in trials if facts.search_quality(trial, metric) is not None]
    high = max(everything, default=0.0)
    if limit is not None and math.isfinite(limit.limit) and limit.limit > 0:
        bound = limit.limit / resource.unit_size
        high = max(bound, min(high, max(bound * 1.5, max(trained, default=0.0))))
    return Scale(0.0, high * 1.06 if high > 0 else 1.0, frame.left, frame.right)


def _trial_mark(trial: Trial, metric: Metric, chosen: int | None, x: float, y: Scale, frame: Frame) -> Mark:
    quality = facts.search_quality(trial, metric)
    title = f"Trial {trial.number}: {trial.state}"
    if trial.state is State.FAILED:
        return Mark(x, frame.bottom + _LANE_FAILED, "failed", "triangle", f"{title}. {facts.reason(trial)}")
    if trial.state is State.STOPPED:
        return Mark(x, frame.bottom + _LANE_STOPPED, "rejected", "cross", f"{title}. {facts.reason(trial)}")
    if quality is None:
        return Mark(x, frame.bottom + _LANE_REJECTED, "rejected", "cross", f"{title}. {facts.reason(trial)}")
    title = f"Trial {trial.number}: {units.score_with_error(quality.value, quality.standard_error)}"
    if trial.cost is not None:
        cost = trial.cost
        figures = units.kib(cost.flash.total), units.kib(cost.ram.total), units.time(cost.total_latency_us)
        title += f"; flash {figures[0]}, RAM {figures[1]}, {figures[2]}"
    low, _, high = whisker(quality)
    if trial.number == chosen:
        kind, shape = "chosen", "diamond"
    else:
        kind, shape = ("met", "dot") if facts.feasible(trial) else ("infeasible", "ring")
    return Mark(x, y(quality.value), kind, shape, title, y(low), y(high))


def _in_drawing_order(marks: Sequence[Mark]) -> tuple[Mark, ...]:
    order = {"rejected": 0, "failed": 0, "infeasible": 1, "met": 2, "chosen": 3}
    return tuple(sorted(marks, key=lambda mark: order[mark.kind]))


def _lanes(trials: Sequence[Trial], states: Sequence[State]) -> list[tuple[str, float]]:
    present = {state: any(_lane(trial) is state for trial in trials) for state in states}
    places = {State.REJECTED: _LANE_REJECTED, State.STOPPED: _LANE_STOPPED, State.FAILED: _LANE_FAILED}
    return [(str(state), places[state]) for state in states if present[state]]


def _lane(trial: Trial) -> State | None:
    """Where a trial without a quality is shown: `failed`, `stopped`, or `rejected`."""
    if trial.state in (State.FAILED, State.STOPPED):
        return trial.state
    measured = any(facts.search_quality(trial, metric) is not None for metric in Metric)
    return None if measured else State.REJECTED


def _best_so_far(trials: Sequence[Trial], metric: Metric, x: Scale, y: Scale) -> list[tuple[float, float]]:
    best: float | None = None
    points = []
    for trial in sorted(trials, key=lambda trial: trial.number):
        quality = facts.search_quality(trial, metric)
        if quality is None or not facts.feasible(trial):
            continue
        if best is None or (quality.value > best if metric.higher_is_better else quality.value < best):
            best = quality.value
            points.append((x(trial.number), y(best)))
    return points


def _front(
    trials: Sequence[Trial], metric: Metric, resource: Resource, x: Scale, y: Scale
) -> list[tuple[float, float]]:
    """The feasible trials that no other beats in both respects, cheapest first."""
    sign = 1.0 if metric.higher_is_better else -1.0
    found = [(_of(resource, trial), facts.search_quality(trial, metric)) for trial in trials if facts.feasible(trial)]
    points = sorted((cost, -sign * quality.value) for cost, quality in found if quality is not None)
    front: list[tuple[float, float]] = []
    best = math.inf
    for cost, worth in points:
        if worth < best:
            best = worth
            front.append((x(cost), y(-sign * worth)))
    return front


def _goal_rule(goal: Check | None, y: Scale) -> Rule | None:
    if goal is None or not math.isfinite(goal.limit):
        return None
    at = y(goal.limit)
    return Rule(at, f"goal {units.score(goal.limit)}", at > (y.start + y.end) / 2)


def _convergence_words(trials: Sequence[Trial], metric: Metric) -> str:
    counts = facts.state_counts(trials)
    parts = [f"{len(trials)} trials: {', '.join(f'{counts[state]} {state}' for state in State if counts[state])}."]
    values = [q.value for trial in trials if facts.feasible(trial) and (q := facts.search_quality(trial, metric))]
    if values:
        best = max(values) if metric.higher_is_better else min(values)
        parts.append(f"Best feasible {units.label(metric)} on validation data: {units.score(best)}.")
    return " ".join(parts)
