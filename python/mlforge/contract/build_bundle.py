"""The contract's `bundle`: what a release carries beside the model. None of it decides which model is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mlforge.contract.build_thresholds import build_decisions, build_thresholds
from mlforge.contract.build_version import build_version
from mlforge.contract.contract import BundleSpec, CalibrationSpec, Task
from mlforge.contract.reader import Reader
from mlforge.contract.schema import show
from mlforge.contract.streams import StreamSpec
from mlforge.contract.tree import Node
from mlforge.contract.units import parse_time

MAX_PERIOD_US: Final = 3.15e13  # a year
LARGEST_GAIN: Final = 32767.0  # Q16.16
BOUND_KEYS: Final = ("offset_bound", "gain_bound")


def build_bundle(reader: Reader, task: Task, decision: StreamSpec | None = None) -> BundleSpec:
    """Decisions that `bundle.thresholds` does not state are those of the contract's `decision`."""
    version = build_version(reader, "bundle", "version", default="0.0.0")
    return BundleSpec(
        version=version,
        model=build_version(reader, "bundle", "model", default=version),
        thresholds=build_thresholds(reader, task),
        decisions=build_decisions(reader, task, version, decision),
        calibration=_calibration(reader, version),
    )


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
        version=build_version(reader, *steps, "version", default=version),
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
