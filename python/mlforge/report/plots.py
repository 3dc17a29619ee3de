"""The pictures of the report as data: convergence, Pareto fronts, dot plots, stacked bars.

Each builder turns records into positions; templates/charts.svg.j2 draws them. Knows no SVG and no page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from mlforge.records.cost import Cost
from mlforge.records.quality import Metric, Quality
from mlforge.records.trial import State, Trial
from mlforge.records.verdict import Check
from mlforge.report import facts, units
from mlforge.report.charts import Axis, Frame, Mark, Rule, Scale, axis, extent, path, steps

MOST_ROWS: Final = 30  # of a dot plot
_LANE_REJECTED: Final = 18.0  # pixels below the plot
_LANE_FAILED: Final = 32.0


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
    across: Rule | None = None  # horizontal
    down: Rule | None = None  # vertical
    lanes: tuple[tuple[str, float], ...] = ()  # label and y
    beyond: int = 0  # marks that stand at the edge for want of room


@dataclass(frozen=True, slots=True)
class DotRow:
    label: str
    y: float
    value: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class DotPlot:
    id: str
    title: str
    description: str
    frame: Frame
    x: Axis
    rows: tuple[DotRow, ...]
    goal: Rule | None
    omitted: int = 0


@dataclass(frozen=True, slots=True)
class Segment:
    name: str
    kind: str  # the style class
    x: float
    width: float
    size: str
    exact: str
    share: str


@dataclass(frozen=True, slots=True)
class Stack:
    id: str
    title: str
    description: str
    width: int
    segments: tuple[Segment, ...]
    limit: Rule | None
    end: float  # where the total ends


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
    lanes = _lanes(trials, (State.REJECTED, State.FAILED))
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
        y=axis(_quality_title(metric), y, 6),
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
    lanes = _lanes(costed, (State.REJECTED,))
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
        y=axis(_quality_title(metric), y, 6),
        marks=_in_drawing_order(marks),
        front=front,
        across=_goal_rule(goal, y),
        down=down,
        beyond=sum(mark.shape == "arrow" for mark in marks),
        lanes=tuple((label, frame.bottom + below) for label, below in lanes),
    )


def stages(qualities: Sequence[Quality], metric: Metric, goal: Check | None) -> DotPlot | None:
    """The stages of each split with their standard errors on one scale."""
    rows = []
    for split in facts.SPLITS:
        for stage in facts.STAGES:
            quality = facts.find_quality(qualities, stage, split, metric)
            if quality is not None and math.isfinite(quality.value):
                rows.append((f"{split}, {stage_name(stage)}", quality))
    if not rows:
        return None
    ends = [end for _, quality in rows for end in _whisker(quality)]
    frame, x = _dot_frame(ends, len(rows), metric, goal)
    dots = tuple(
        DotRow(
            label,
            _row_y(frame, index),
            units.score(quality.value),
            (_quality_dot(quality, label, x, _row_y(frame, index), metric),),
        )
        for index, (label, quality) in enumerate(rows)
    )
    title = f"{units.label(metric)} at each stage, with standard error"
    words = "; ".join(f"{label}: {units.score_with_error(q.value, q.standard_error)}" for label, q in rows)
    return DotPlot("stages", title, words, frame, axis(_quality_title(metric), x, 5), dots, _goal_down(goal, x))


def spread(
    name: str, key: str, target: Mapping[str, float], host: Mapping[str, float], metric: Metric, goal: Check | None
) -> DotPlot:
    """The metric of each stratum of `key`, worst first: the final stage as a dot, FP32 on the host as a ring."""
    finite = [stratum for stratum in target if math.isfinite(target[stratum])]
    ranked = sorted(
        finite, key=lambda stratum: (target[stratum] if metric.higher_is_better else -target[stratum], stratum)
    )
    shown = ranked[:MOST_ROWS]
    values = [*(target[stratum] for stratum in shown), *(host[stratum] for stratum in shown if stratum in host)]
    frame, x = _dot_frame(values, len(shown), metric, goal)
    rows = []
    for index, stratum in enumerate(shown):
        y, value, who = _row_y(frame, index), target[stratum], units.one_line(f"{key} {stratum}", 80)
        marks = [Mark(x(value), y, "met", "dot", f"{who}: {units.score(value)}")]
        if math.isfinite(host.get(stratum, math.nan)):
            title = f"{who}: {units.score(host[stratum])} in FP32 on the host"
            marks.insert(0, Mark(x(host[stratum]), y, "host", "ring", title))
        rows.append(DotRow(units.one_line(f"{key} {stratum}", 20), y, units.score(value), tuple(marks)))
    return DotPlot(
        name,
        f"{units.label(metric)} by {units.one_line(key, 40)}",
        f"{len(ranked)} strata, worst first.",
        frame,
        axis(_quality_title(metric), x, 5),
        tuple(rows),
        _goal_down(goal, x),
        len(ranked) - len(shown),
    )


def stack(name: str, parts: Sequence[tuple[str, str, int]], total: int, limit: Check | None) -> Stack:
    """`parts` (name, style class, bytes) side by side, on a scale that holds the limit too."""
    width = 440
    bound = limit.limit if limit is not None and math.isfinite(limit.limit) else 0.0
    scale = Scale(0.0, max(bound * 1.02, total * 1.02, 1.0), 0.0, float(width))
    segments, start = [], 0
    for title, kind, size_bytes in parts:
        drawn = max(size_bytes, 0)
        x, end = scale(start), scale(start + drawn)
        share = units.percent(size_bytes / total) if total else units.NOTHING
        segment = Segment(
            title, kind, x, round(end - x, 1), units.kib(size_bytes), units.exact_bytes(size_bytes), share
        )
        segments.append(segment)
        start += drawn
    rule = None
    if bound > 0 and limit is not None:
        rule = Rule(scale(bound), f"limit {units.kib(bound)}", scale(bound) > width / 2)
    words = ", ".join(f"{segment.name} {segment.exact}" for segment in segments)
    return Stack(f"stack-{name}", f"{units.label(name)} by owner", words, width, tuple(segments), rule, scale(total))


def stage_name(stage: str) -> str:
    """`int8 target` for `int8-target`."""
    return stage.replace("fp32", "FP32").replace("-", " ")


def _quality_title(metric: Metric) -> str:
    return f"{units.label(metric)}{'' if metric.higher_is_better else ' (lower is better)'}"


def _whisker(quality: Quality) -> tuple[float, float, float]:
    error = quality.standard_error if math.isfinite(quality.standard_error) else 0.0
    return quality.value - error, quality.value, quality.value + error


def _quality_dot(quality: Quality, label: str, x: Scale, y: float, metric: Metric) -> Mark:
    low, _, high = _whisker(quality)
    title = f"{label}: {units.score_with_error(quality.value, quality.standard_error)} {units.label(metric)}"
    return Mark(x(quality.value), y, "met", "dot", f"{title}, {quality.examples:,} examples", x(low), x(high))


def _bounds(metric: Metric) -> tuple[float, float]:
    return (0.0, math.inf) if metric is Metric.MSE else (0.0, 1.0)


def _goal_values(goal: Check | None) -> list[float]:
    return [goal.limit] if goal is not None else []


def _quality_scale(trials: Sequence[Trial], metric: Metric, goal: Check | None, frame: Frame) -> Scale:
    found = (facts.search_quality(trial, metric) for trial in trials)
    floor, top = _bounds(metric)
    values = [end for quality in found if quality is not None for end in _whisker(quality)] + _goal_values(goal)
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
    if quality is None:
        return Mark(x, frame.bottom + _LANE_REJECTED, "rejected", "cross", f"{title}. {facts.reason(trial)}")
    title = f"Trial {trial.number}: {units.score_with_error(quality.value, quality.standard_error)}"
    if trial.cost is not None:
        cost = trial.cost
        figures = units.kib(cost.flash.total), units.kib(cost.ram.total), units.time(cost.total_latency_us)
        title += f"; flash {figures[0]}, RAM {figures[1]}, {figures[2]}"
    low, _, high = _whisker(quality)
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
    places = {State.REJECTED: _LANE_REJECTED, State.FAILED: _LANE_FAILED}
    return [(str(state), places[state]) for state in states if present[state]]


def _lane(trial: Trial) -> State | None:
    """Where a trial without a quality is shown: `failed`, or `rejected`."""
    if trial.state is State.FAILED:
        return State.FAILED
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


def _goal_down(goal: Check | None, x: Scale) -> Rule | None:
    if goal is None or not math.isfinite(goal.limit):
        return None
    at = x(goal.limit)
    return Rule(at, f"goal {units.score(goal.limit)}", at > (x.start + x.end) / 2)


def _dot_frame(values: Sequence[float], rows: int, metric: Metric, goal: Check | None) -> tuple[Frame, Scale]:
    height = 24 * rows + 26 + 46
    frame = Frame(440, height, 142, 26, 386, height - 46)
    floor, top = _bounds(metric)
    low, high = extent([*values, *_goal_values(goal)], floor=floor, top=top)
    return frame, Scale(low, high, frame.left, frame.right)


def _row_y(frame: Frame, index: int) -> float:
    return frame.top + 12 + 24 * index


def _convergence_words(trials: Sequence[Trial], metric: Metric) -> str:
    counts = facts.state_counts(trials)
    parts = [f"{len(trials)} trials: {', '.join(f'{counts[state]} {state}' for state in State)}."]
    values = [q.value for trial in trials if facts.feasible(trial) and (q := facts.search_quality(trial, metric))]
    if values:
        best = max(values) if metric.higher_is_better else min(values)
        parts.append(f"Best feasible {units.label(metric)} on validation data: {units.score(best)}.")
    return " ".join(parts)
