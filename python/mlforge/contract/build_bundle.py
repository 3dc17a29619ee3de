"""`bundle` of the contract: the version of the release, its thresholds and its calibration."""

from __future__ import annotations

import math
import re
from typing import Any, Final

from mlforge.contract.contract import BundleSpec, FalseAlarms, Task
from mlforge.contract.reader import Reader
from mlforge.contract.schema import expectation, show
from mlforge.contract.tree import Node

ANOMALY_THRESHOLD: Final = "anomaly"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_SHARE: Final = "a number, or {false_alarms: SHARE} with a share from 0 to below 1"


def build_bundle(reader: Reader, task: Task) -> BundleSpec:
    for key in ("thresholds", "calibration"):
        node = reader.node("bundle", key)
        if node is not None and not isinstance(node.value, dict):
            reader.wrong(("bundle", key), show(node), expectation(["bundle", key]))
    calibration = reader.node("bundle", "calibration")
    return BundleSpec(
        reader.text("bundle", "version", default="0.0.0"),
        _thresholds(reader, task),
        calibration.plain() if calibration is not None and isinstance(calibration.value, dict) else {},
    )


def _thresholds(reader: Reader, task: Task) -> dict[str, float | FalseAlarms]:
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
