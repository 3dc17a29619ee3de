"""The contract's `decision` and `events`: what a stream of scores comes to, and how good that must be."""

from __future__ import annotations

from typing import Final

from mlforge.contract.contract import Task
from mlforge.contract.reader import Reader
from mlforge.contract.schema import did_you_mean, expectation, show
from mlforge.contract.streams import DecisionSpec, EventMetric, EventsSpec, FalseAccepts, Span, StreamSpec
from mlforge.contract.units import parse_time

MAX_AVERAGED: Final = 255  # windows; the C code counts so far
MAX_REFRACTORY: Final = 65_535
MAX_FALSE_ACCEPTS: Final = 1e6  # an hour
_RATE: Final = "data.signal with its rate, or a whole number of windows"


def build_decision(reader: Reader, task: Task) -> StreamSpec | None:
    """None where the contract has no `decision`."""
    if reader.node("decision") is None:
        return None
    if task is not Task.CLASSIFICATION:
        expected = "no such block: only classes are decided for (of anomalies, see bundle.thresholds)"
        reader.wrong(("decision",), f"decision with task {task}", expected)
        return None
    return StreamSpec(
        common=_common(reader),
        classes=_classes(reader),
        smoothing=_span(reader, "smoothing", Span(1), 1, MAX_AVERAGED),
        consecutive=reader.integer("decision", "consecutive", default=1),
        refractory=_span(reader, "refractory", Span(), 0, MAX_REFRACTORY),
        background=_background(reader),
    )


def build_events(reader: Reader, decision: StreamSpec | None) -> EventsSpec | None:
    """None where the contract has no `events`."""
    if reader.node("events") is None:
        return None
    if reader.node("decision") is None:
        reader.wrong(("events",), "events without decision", "decision, whose events are meant")
    if reader.node("data", "signal") is None:
        reader.wrong(("events",), "events of a signal whose rate is unknown", "data.signal: {rate: 16 kHz}")
    elif decision is not None and not decision.background:
        _needs_background(reader)
    return EventsSpec(
        goals=_goals(reader),
        recordings=reader.text("events", "recordings"),
        tolerance_us=reader.quantity(parse_time, "events", "tolerance"),
    )


def _needs_background(reader: Reader) -> None:
    if reader.node("events", "goals", str(EventMetric.FALSE_ACCEPTS)) is not None:
        found = "false_accepts_per_hour with every class an event"
        reader.wrong(("events", "goals", str(EventMetric.FALSE_ACCEPTS)), found, "decision.background, such as [noise]")


def _goals(reader: Reader) -> dict[EventMetric, float]:
    found = {}
    for metric in EventMetric:
        steps = ("events", "goals", str(metric))
        if reader.node(*steps) is None:
            continue
        value = reader.number(*steps, default=0.5)
        most = 1.0 if metric.higher_is_better else MAX_FALSE_ACCEPTS
        if not 0 < value <= most:
            reader.wrong(steps, f"{value:g}", expectation([*steps]))
        found[metric] = value
    return found


def _common(reader: Reader) -> DecisionSpec | FalseAccepts | None:
    node = reader.node("decision", "enter")
    if node is None:
        if reader.node("decision", "leave") is not None:
            reader.wrong(("decision", "leave"), "leave without enter", "enter, where a decision begins, such as 0.6")
        return None
    if not isinstance(node.value, dict):
        return _pair(reader, "decision")
    rule = node.plain()
    number = rule.get(str(EventMetric.FALSE_ACCEPTS))
    plain = isinstance(number, int | float) and not isinstance(number, bool)
    if len(rule) != 1 or not plain or not 0 < number <= MAX_FALSE_ACCEPTS:
        reader.wrong(("decision", "enter"), show(node), expectation(["decision", "enter"]))
        return None
    if reader.node("decision", "leave") is not None:
        reader.wrong(("decision", "leave"), "leave beside a rule", "a number for enter, or no leave")
    if reader.node("events") is None:
        reader.wrong(("decision", "enter"), "a rule without events", "events, on whose streams it is found")
    return FalseAccepts(float(number))


def _classes(reader: Reader) -> dict[str, DecisionSpec]:
    found, known = {}, _labels(reader)
    node = reader.node("decision", "classes")
    if node is not None and not isinstance(node.value, dict):
        reader.wrong(("decision", "classes"), show(node), expectation(["decision", "classes"]))
    for label, entry in reader.mapping("decision", "classes").items():
        here = ("decision", "classes", label)
        if known and label not in known:
            reader.wrong(here, f"the unknown class {label!r}", did_you_mean(label, known))
        if not isinstance(entry.value, dict) or not {"enter"} <= {*entry.value} <= {"enter", "leave"}:
            reader.wrong(here, show(entry), "a mapping such as {enter: 0.8, leave: 0.5}")
            continue
        found[label] = _pair(reader, *here)
    return found


def _pair(reader: Reader, *steps: str) -> DecisionSpec:
    enter = _score(reader, 0.5, *steps, "enter")
    leave = _score(reader, enter, *steps, "leave")
    if leave > enter:
        reader.wrong((*steps, "leave"), f"{leave:g}", f"at most enter, {enter:g}")
    return DecisionSpec(enter, leave)


def _score(reader: Reader, default: float, *steps: str) -> float:
    node = reader.node(*steps)
    if node is None:
        return default
    good = isinstance(node.value, int | float) and not isinstance(node.value, bool) and 0 <= node.value <= 1
    if not good:
        reader.wrong(steps, show(node), "a number from 0 to 1")
    return float(node.value) if good else default  # type: ignore[arg-type]


def _span(reader: Reader, name: str, default: Span, least: int, most: int) -> Span:
    steps = ("decision", name)
    node = reader.node(*steps)
    if node is None:
        return default
    if isinstance(node.value, str):
        time_us = reader.quantity(parse_time, *steps)
        if reader.node("data", "signal") is None:
            reader.wrong(steps, show(node), _RATE)
        return Span(time_us=time_us) if time_us is not None else default
    if type(node.value) is not int or not least <= node.value <= most:
        reader.wrong(steps, show(node), f"a time such as '1 s', or a whole number of windows from {least} to {most}")
        return default
    return Span(node.value)


def _background(reader: Reader) -> tuple[str, ...]:
    node, known = reader.node("decision", "background"), _labels(reader)
    names = tuple(item.text for item in (node.items if node is not None else []))
    for name in names:
        if known and name not in known:
            reader.wrong(("decision", "background"), f"the unknown class {name!r}", did_you_mean(name, known))
    if known and {*known} <= {*names}:
        reader.wrong(("decision", "background"), "all classes", "at least one class that is an event")
    return names


def _labels(reader: Reader) -> list[str]:
    """Those that the contract names; loaders may know others."""
    node = reader.node("data", "classes")
    return [item.text for item in (node.items if node is not None else [])]
