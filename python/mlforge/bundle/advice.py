"""What a telemetry record asks for: nothing, waiting, calibration, data, or another training.

The limits of the population stability index are those of N. Siddiqi, Credit Risk Scorecards, Wiley 2006: below 0.1
nothing has changed, from 0.25 on much has. For an input channel the device computes the same index of two normal
distributions; a mean that is off by half a standard deviation makes 0.25. The rules are listed in docs/update.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mlforge.bundle.device import Condition
from mlforge.bundle.sections import Q16, Calibration
from mlforge.bundle.telemetry import Drift, Record

WATCH_INDEX: Final = 0.1
SPENT: Final = 0.9  # of a bound: calibration has little left to give


class Step(StrEnum):
    """What to do, the most urgent last."""

    NOTHING = "nothing"
    WAIT = "wait"
    WATCH = "watch"
    CHECK = "check the device"
    RECALIBRATE = "recalibrate"
    COLLECT = "collect data"
    RETRAIN = "retrain"


@dataclass(frozen=True, slots=True)
class Advice:
    step: Step
    why: str


def advise(record: Record, calibration: Calibration | None = None) -> tuple[Advice, ...]:
    """At least one; the most urgent first. `calibration` is the section of the bundle that the device runs: with it,
    the advice knows how far calibration may still go."""
    found = [*_health(record), *_drift(record, calibration)]
    order = list(Step)
    return tuple(sorted(found, key=lambda one: -order.index(one.step))) or (Advice(Step.NOTHING, "all is as expected"),)


def _health(record: Record) -> Iterator[Advice]:
    if record.condition != Condition.RUNNING:
        name = Condition(record.condition).name.lower() if record.condition in list(Condition) else record.condition
        yield Advice(Step.CHECK, f"the bundle is in the state {name}")
    if record.late:
        yield Advice(Step.CHECK, f"{record.late} of {record.inferences} inferences were late")
    if record.dropped:
        yield Advice(Step.CHECK, f"{record.dropped} frames found the queue full")


def _drift(record: Record, calibration: Calibration | None) -> Iterator[Advice]:
    if record.least_windows is None:
        yield Advice(Step.NOTHING, "the bundle has no baseline, so nothing is known about drift")
        return
    if record.windows < record.least_windows:
        yield Advice(Step.WAIT, f"{record.windows} windows so far, drift needs {record.least_windows}")
        return
    if not record.drift:
        if (index := largest_index(record)) >= WATCH_INDEX:
            yield Advice(Step.WATCH, f"an index of {index:.2f}: something has begun to change")
        return
    answers = record.drift & (Drift.SCORES | Drift.CLASSES)
    if not record.drift & Drift.INPUTS:
        yield Advice(
            Step.COLLECT, "the answers have changed, the inputs have not: labels tell which of the two is right"
        )
    elif _can_calibrate(record, calibration):
        yield Advice(
            Step.RECALIBRATE, "the inputs have changed, and the sensor's offset and gain may still be corrected"
        )
    elif answers:
        yield Advice(
            Step.RETRAIN,
            "inputs and answers have changed beyond what calibration may correct: collect labelled data as the devices "
            "see them now, add them to the data set, and run `west mlforge optimise`",
        )
    else:
        yield Advice(
            Step.COLLECT, "the inputs have changed, the answers have not: label some, and measure the accuracy"
        )


def largest_index(record: Record) -> float:
    return max((record.score_index or 0.0, record.class_index or 0.0, *(record.channel_indices or ())))


def _can_calibrate(record: Record, calibration: Calibration | None) -> bool:
    """Whether calibration is allowed and has not yet used up its bounds, on any channel that has drifted."""
    if record.offsets is None or record.gains is None:
        return False
    if calibration is None or len(calibration.channels) != len(record.offsets):
        return not record.calibrations  # nothing is known of the bounds: once tried, it has not helped
    indices = record.channel_indices or (0.0,) * len(record.offsets)
    drifted = [number for number, index in enumerate(indices) if index >= WATCH_INDEX] or range(len(indices))
    return any(
        abs(record.offsets[number]) < SPENT * calibration.channels[number].offset_bound
        or abs(record.gains[number]) * Q16 < SPENT * calibration.channels[number].gain_bound
        for number in drifted
    )
