"""`bundle.thresholds` of the contract: where decisions begin and end, and further numbers by name."""

from __future__ import annotations

import math
import re
from typing import Any, Final

from mlforge.contract.build_version import build_version
from mlforge.contract.contract import DecisionsSpec, FalseAlarms, Task
from mlforge.contract.reader import Reader
from mlforge.contract.schema import did_you_mean, expectation, show
from mlforge.contract.streams import DecisionSpec, StreamSpec
from mlforge.contract.tree import Node

ANOMALY_THRESHOLD: Final = "anomaly"
LARGEST_ERROR: Final = 65535.0  # Q16.16 without sign
MAX_HYSTERESIS: Final = 255
_STEPS: Final = ("bundle", "thresholds")
_PAIR: Final = ("enter", "leave")
_DECISION_KEYS: Final = (*_PAIR, "classes", "hysteresis")
_OWN_KEYS: Final = (*_DECISION_KEYS, "version")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_SHARE: Final = "a number, or {false_alarms: SHARE} with a share from 0 to below 1"


def build_thresholds(reader: Reader, task: Task) -> dict[str, float | FalseAlarms]:
    """The threshold `anomaly`, and the application's own numbers: what `build_decisions` does not read."""
    whole = reader.node(*_STEPS)
    if whole is not None and not isinstance(whole.value, dict):
        reader.wrong(_STEPS, show(whole), expectation([*_STEPS]))
    found: dict[str, float | FalseAlarms] = {}
    for name, node in reader.mapping(*_STEPS).items():
        key = (*_STEPS, name)
        if name in _OWN_KEYS:
            continue
        if name in _labels(reader):
            reader.wrong(key, "a class", f"classes: {{{name}: {{enter: 0.8, leave: 0.5}}}}")
        elif not _NAME.fullmatch(name):
            reader.wrong(key, f"the name {name!r}", "a name of small letters, digits and _, at most 32 characters")
        elif isinstance(node.value, dict):
            share = _share(node)
            if task is not Task.ANOMALY or name != ANOMALY_THRESHOLD:
                wanted = f"a number: only the threshold `{ANOMALY_THRESHOLD}` of an anomaly task is found by a rule"
                reader.wrong(key, show(node), wanted)
            elif share is None:
                reader.wrong(key, show(node), _SHARE)
            else:
                found[name] = FalseAlarms(share)
        elif (value := _number(node.value)) is None:
            reader.wrong(key, show(node), _SHARE if name == ANOMALY_THRESHOLD else "a number")
        else:
            found[name] = value
    if task is Task.ANOMALY:
        found.setdefault(ANOMALY_THRESHOLD, FalseAlarms())
    return found


def build_decisions(reader: Reader, task: Task, version: str, stream: StreamSpec | None = None) -> DecisionsSpec:
    """What is not stated is as the contract's `decision` has it."""
    stream = stream or StreamSpec()
    given = [key for key in _DECISION_KEYS if key in reader.mapping(*_STEPS)]
    if given and task is Task.REGRESSION:
        reader.wrong((*_STEPS, given[0]), f"{given[0]} with task regression", "nothing: regression decides nothing")
        given = []
    pair = {*_PAIR} & {*given}
    stated = stream.common if isinstance(stream.common, DecisionSpec) else None
    return DecisionsSpec(
        version=build_version(reader, *_STEPS, "version", default=version),
        hysteresis=_hysteresis(reader, stream.consecutive),
        common=_decision(reader, *_STEPS) if task is Task.CLASSIFICATION and pair else stated,
        leave=_leave_anomaly(reader) if task is Task.ANOMALY and pair else None,
        classes=_classes(reader, task) if "classes" in given else {} if pair else stream.classes,
    )


def _hysteresis(reader: Reader, default: int) -> int:
    node = reader.node(*_STEPS, "hysteresis")
    if node is None:
        return default
    if type(node.value) is not int or not 1 <= node.value <= MAX_HYSTERESIS:
        reader.wrong((*_STEPS, "hysteresis"), show(node), f"a whole number of windows from 1 to {MAX_HYSTERESIS}")
        return 1
    return node.value


def _leave_anomaly(reader: Reader) -> float | None:
    if reader.node(*_STEPS, "enter") is not None:
        reader.wrong((*_STEPS, "enter"), "enter with task anomaly", f"{ANOMALY_THRESHOLD}, which says the same")
    node = reader.node(*_STEPS, "leave")
    leave = _number(node.value) if node is not None else None
    if node is not None and (leave is None or not 0 <= leave <= LARGEST_ERROR):
        reader.wrong((*_STEPS, "leave"), show(node), f"a number from 0 to {LARGEST_ERROR:g}")
    return leave


def _classes(reader: Reader, task: Task) -> dict[str, DecisionSpec]:
    steps = (*_STEPS, "classes")
    entries, known, found = reader.mapping(*steps), _labels(reader), {}
    if task is Task.ANOMALY:
        reader.wrong(steps, "classes with task anomaly", "no classes: there is one score")
    elif not entries:
        reader.wrong(steps, "no labels", "a mapping of labels, such as {walk: {enter: 0.8, leave: 0.5}}")
    for label, entry in entries.items():
        here = (*steps, label)
        if known and label not in known:
            reader.wrong(here, f"the unknown class {label!r}", did_you_mean(label, known))
        if not isinstance(entry.value, dict):
            reader.wrong(here, show(entry), "a mapping such as {enter: 0.8, leave: 0.5}")
            continue
        for key in sorted(set(entry.value) - {*_PAIR}):
            reader.wrong((*here, key), f"the unknown key {key!r}", did_you_mean(key, [*_PAIR]))
        found[label] = _decision(reader, *here)
    return found


def _decision(reader: Reader, *steps: str) -> DecisionSpec:
    if reader.node(*steps, "enter") is None:
        reader.wrong((*steps, "enter"), "nothing", "where a decision begins, such as 0.6")
    enter = _score(reader, 0.5, *steps, "enter")
    leave = _score(reader, enter, *steps, "leave")
    if leave > enter:
        reader.wrong((*steps, "leave"), f"{leave:g}", f"at most enter, {enter:g}")
    return DecisionSpec(enter, leave)


def _score(reader: Reader, default: float, *steps: str) -> float:
    node = reader.node(*steps)
    if node is None:
        return default
    value = _number(node.value)
    if value is None or not 0 <= value <= 1:
        reader.wrong(steps, show(node), "a number from 0 to 1")
        return default
    return value


def _labels(reader: Reader) -> list[str]:
    """Those that the contract names; loaders may know others."""
    node = reader.node("data", "classes")
    return [item.text for item in (node.items if node is not None else [])]


def _share(node: Node) -> float | None:
    rule = node.plain()
    share = _number(rule.get("false_alarms")) if set(rule) == {"false_alarms"} else None
    return share if share is not None and 0 <= share < 1 else None


def _number(value: Any) -> float | None:
    plain = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e30
    return float(value) if plain and math.isfinite(value) else None
