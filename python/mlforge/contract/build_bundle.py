"""The contract's `bundle`: what a release carries beside the model. None of it decides which model is found."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from mlforge.contract.build_thresholds import build_thresholds
from mlforge.contract.contract import BundleSpec, CalibrationSpec, DecisionSpec, DecisionsSpec, Task
from mlforge.contract.reader import Reader
from mlforge.contract.schema import did_you_mean, expectation, show
from mlforge.contract.tree import Node
from mlforge.contract.units import parse_time

# MCUboot's image version: 8, 8, 16 and 32 bits.
_LARGEST: Final = (255, 255, 65535, (1 << 32) - 1)
MAX_PERIOD_US: Final = 3.15e13  # a year
LARGEST_GAIN: Final = 32767.0  # Q16.16
LARGEST_ERROR: Final = 65535.0  # Q16.16 without sign
BOUND_KEYS: Final = ("offset_bound", "gain_bound")


def build_bundle(reader: Reader, task: Task) -> BundleSpec:
    version = _version(reader, "bundle", "version") or "0.0.0"
    return BundleSpec(
        version=version,
        model=_version(reader, "bundle", "model") or version,
        thresholds=build_thresholds(reader, task),
        decisions=_decisions(reader, task, version),
        calibration=_calibration(reader, version),
    )


def _version(reader: Reader, *steps: str) -> str:
    """The text; empty where there is none."""
    text = reader.text(*steps)
    parts = [int(part) for part in re.findall(r"\d+", text)]
    if any(part > largest for part, largest in zip(parts, _LARGEST, strict=False)):
        reader.wrong(steps, repr(text), "at most 255.255.65535+4294967295, MCUboot's largest version")
    return text


def _decisions(reader: Reader, task: Task, version: str) -> DecisionsSpec:
    steps = ("bundle", "decisions")
    keys = [key for key in reader.mapping(*steps) if key != "version"]
    if keys and task is Task.REGRESSION:
        reader.wrong(steps, f"{keys[0]} with task regression", "no decisions: regression decides nothing")
    return DecisionsSpec(
        version=_version(reader, *steps, "version") or version,
        hysteresis=reader.integer(*steps, "hysteresis", default=1),
        common=_decision(reader, *steps) if task is Task.CLASSIFICATION and {"enter", "leave"} & {*keys} else None,
        leave=_leave_anomaly(reader) if task is Task.ANOMALY else None,
        classes=_of_classes(reader, task),
    )


def _leave_anomaly(reader: Reader) -> float | None:
    steps = ("bundle", "decisions")
    if reader.node(*steps, "enter") is not None:
        reader.wrong((*steps, "enter"), "enter with task anomaly", "bundle.thresholds.anomaly, which says the same")
    if reader.node(*steps, "leave") is None:
        return None
    leave = reader.number(*steps, "leave", default=0.0)
    if not 0 <= leave <= LARGEST_ERROR:
        reader.wrong((*steps, "leave"), f"{leave:g}", f"a number from 0 to {LARGEST_ERROR:g}")
    return leave


def _of_classes(reader: Reader, task: Task) -> dict[str, DecisionSpec]:
    steps = ("bundle", "decisions", "classes")
    node = reader.node(*steps)
    if node is None:
        return {}
    if not isinstance(node.value, dict):
        reader.wrong(steps, show(node), expectation([*steps]))
        return {}
    if task is Task.ANOMALY:
        reader.wrong(steps, "classes with task anomaly", "no classes: there is one score")
    labels = reader.node("data", "classes")
    known = [item.text for item in (labels.items if labels else [])]
    found = {}
    for label, entry in node.value.items():
        here = (*steps, label)
        if known and label not in known:
            reader.wrong(here, f"the unknown class {label!r}", did_you_mean(label, known))
        if not isinstance(entry.value, dict):
            reader.wrong(here, show(entry), "a mapping such as {enter: 0.8, leave: 0.5}")
            continue
        for key in sorted(set(entry.value) - {"enter", "leave"}):
            reader.wrong((*here, key), f"the unknown key {key!r}", did_you_mean(key, ["enter", "leave"]))
        found[label] = _decision(reader, *here)
    return found


def _decision(reader: Reader, *steps: str) -> DecisionSpec:
    if reader.node(*steps, "enter") is None:
        reader.wrong((*steps, "enter"), "nothing", "where a decision begins, such as 0.6")
    enter = reader.number(*steps, "enter", default=0.5)
    leave = reader.number(*steps, "leave", default=enter)
    for key, value in (("enter", enter), ("leave", leave)):
        if not 0 <= value <= 1:
            reader.wrong((*steps, key), f"{value:g}", "a number from 0 to 1")
    if leave > enter:
        reader.wrong((*steps, "leave"), f"{leave:g}", f"at most enter, {enter:g}")
    return DecisionSpec(enter, leave)


def _calibration(reader: Reader, version: str) -> CalibrationSpec:
    steps = ("bundle", "calibration")
    period_us = reader.quantity(parse_time, *steps, "period")
    if period_us is not None and not 1e6 <= period_us <= MAX_PERIOD_US:
        reader.wrong((*steps, "period"), repr(reader.text(*steps, "period")), "a time from 1 s to a year")
    given = [key for key in BOUND_KEYS if reader.node(*steps, key) is not None]
    if given and reader.node(*steps, "period") is None:
        reader.wrong((*steps, given[0]), "a bound without a period", "period, after which devices calibrate themselves")
    if period_us is not None and not given:
        reader.wrong((*steps, "period"), "a period without bounds", "offset_bound or gain_bound beside it")
    gain = _channels(reader, 1.0, "a number above 0 and at most 32767", _is_gain, *steps, "gain")
    gain_bound = _channels(reader, 0.0, "a number from 0 to below the gain", _is_bound, *steps, "gain_bound")
    if max(gain_bound) >= min(gain):
        reader.wrong((*steps, "gain_bound"), f"{max(gain_bound):g}", f"below the least gain, {min(gain):g}")
    return CalibrationSpec(
        version=_version(reader, *steps, "version") or version,
        period_us=period_us,
        offset=_channels(reader, 0.0, "a number", lambda value: True, *steps, "offset"),
        gain=gain,
        offset_bound=_channels(reader, 0.0, "a number of at least 0", _is_bound, *steps, "offset_bound"),
        gain_bound=gain_bound,
    )


def _is_gain(value: float) -> bool:
    return 0 < value <= LARGEST_GAIN


def _is_bound(value: float) -> bool:
    return value >= 0


def _channels(
    reader: Reader, default: float, expected: str, sound: Callable[[float], bool], *steps: str
) -> tuple[float, ...]:
    """One number for all channels, or one for each."""
    node = reader.node(*steps)
    if node is None:
        return (default,)
    found = []
    for item in [node] if not isinstance(node.value, list) else node.items:
        value = _number(item)
        if value is None or not sound(value):
            reader.wrong(steps, show(item), f"{expected}, or a list of one for each channel")
            return (default,)
        found.append(value)
    if not found:
        reader.wrong(steps, "an empty list", f"{expected}, or a list of one for each channel")
    return tuple(found) or (default,)


def _number(node: Node) -> float | None:
    good = isinstance(node.value, int | float) and not isinstance(node.value, bool)
    return float(node.value) if good else None  # type: ignore[arg-type]
