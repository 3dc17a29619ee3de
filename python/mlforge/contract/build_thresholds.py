"""`bundle.thresholds` of the contract: numbers by name, and rules that the study follows."""

from __future__ import annotations

import math
import re
from typing import Any, Final

from mlforge.contract.contract import FalseAlarms, Task
from mlforge.contract.reader import Reader
from mlforge.contract.schema import expectation, show
from mlforge.contract.tree import Node

ANOMALY_THRESHOLD: Final = "anomaly"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_SHARE: Final = "a number, or {false_alarms: SHARE} with a share from 0 to below 1"


def build_thresholds(reader: Reader, task: Task) -> dict[str, float | FalseAlarms]:
    whole = reader.node("bundle", "thresholds")
    if whole is not None and not isinstance(whole.value, dict):
        reader.wrong(("bundle", "thresholds"), show(whole), expectation(["bundle", "thresholds"]))
    found: dict[str, float | FalseAlarms] = {}
    for name, node in reader.mapping("bundle", "thresholds").items():
        key = ("bundle", "thresholds", name)
        if not _NAME.fullmatch(name):
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


def _share(node: Node) -> float | None:
    rule = node.plain()
    share = _number(rule.get("false_alarms")) if set(rule) == {"false_alarms"} else None
    return share if share is not None and 0 <= share < 1 else None


def _number(value: Any) -> float | None:
    plain = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e30
    return float(value) if plain and math.isfinite(value) else None
