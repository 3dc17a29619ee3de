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
LARGEST_ERROR: Final = 60_000.0  # of an autoencoder: what its highest level stands for
NORMAL: Final = "normal"  # what data sets of anomalies call all that is none
MAX_FALSE_ACCEPTS: Final = 1e6  # an hour
_RATE: Final = "data.signal with its rate, or a whole number of windows"


def build_decision(reader: Reader, task: Task) -> StreamSpec | None:
    """None where the contract has no `decision`."""
    if reader.node("decision") is None:
        return None
    if task is Task.REGRESSION:
        reader.wrong(("decision",), f"decision with task {task}", "no such block: only classes are decided for")
        return None
    anomaly = task is Task.ANOMALY
    if anomaly:
        _anomalies_alone(reader)
    return StreamSpec(
        common=_common(reader, LARGEST_ERROR if anomaly else 1.0),
        classes={NORMAL: DecisionSpec(0.0, 0.0)} if anomaly else _classes(reader),
        smoothing=_span(reader, "smoothing", Span(1), 1, MAX_AVERAGED),
        consecutive=reader.integer("decision", "consecutive", default=1),
        refractory=_span(reader, "refractory", Span(), 0, MAX_REFRACTORY),
        background=(NORMAL,) if anomaly else _background(reader),
    )


def _anomalies_alone(reader: Reader) -> None:
    """What there is to say of one kind of event."""
    for name in ("classes", "background"):
        if reader.node("decision", name) is not None:
            reader.wrong(("decision", name), f"{name} with task anomaly", "nothing: the anomaly is the only event")
    if reader.node("decision", "enter") is None:
        expected = "an error such as 0.8, or {false_accepts_per_hour: NUMBER}"
        reader.wrong(("decision",), "no enter with task anomaly", f"enter: {expected}")


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


def _common(reader: Reader, most: float) -> DecisionSpec | FalseAccepts | None:
    node = reader.node("decision", "enter")
    if node is None:
        if reader.node("decision", "leave") is not None:
            reader.wrong(("decision", "leave"), "leave without enter", "enter, where a decision begins, such as 0.6")
        return None
    if not isinstance(node.value, dict):
        return _pair(reader, "decision", most=most)
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


def _pair(reader: Reader, *steps: str, most: float = 1.0) -> DecisionSpec:
    enter = _score(reader, 0.5, most, *steps, "enter")
    leave = _score(reader, enter, most, *steps, "leave")
    if leave > enter:
        reader.wrong((*steps, "leave"), f"{leave:g}", f"at most enter, {enter:g}")
    return DecisionSpec(enter, leave)


def _score(reader: Reader, default: float, most: float, *steps: str) -> float:
    node = reader.node(*steps)
    if node is None:
        return default
    good = isinstance(node.value, int | float) and not isinstance(node.value, bool) and 0 <= node.value <= most
    if not good:
        reader.wrong(steps, show(node), f"a number from 0 to {most:g}")
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
