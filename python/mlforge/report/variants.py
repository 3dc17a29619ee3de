"""How the model was made, in words: the ways that were tried, and how its tensors use int8. Knows records alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mlforge.records.attempt import Attempt, Method, Network, TensorRange
from mlforge.report import units
from mlforge.report.names import readable

NETWORKS: Final = {
    Network.PLAIN: "as proposed",
    Network.DISTILLED: "with a teacher",
    Network.PRUNED: "with fewer channels",
}
METHODS: Final = {
    Method.PTQ: "post-training quantisation",
    Method.EQUALISED: "equalised across layers",
    Method.CALIBRATED: "equalised, ranges without outliers",
    Method.FINETUNE: "equalised, fine-tuned",
    Method.QAT: "quantisation-aware training",
}
MUCH_CLIPPED: Final = 0.01  # share of a tensor's values
LITTLE_USED: Final = 0.02  # share of int8's steps that a channel has: five of 256


@dataclass(frozen=True, slots=True)
class AttemptRow:
    network: str
    method: str
    float_quality: str
    int8_quality: str
    flash: str
    latency: str
    outcome: str  # kept, empty, or why it came to nothing
    kept: bool


@dataclass(frozen=True, slots=True)
class RangeRow:
    operator: int
    kind: str
    name: str
    what: str  # weights or output
    channels: str
    used: str
    narrowest: str
    saturated: str
    notable: bool


def attempt_rows(attempts: Sequence[Attempt]) -> tuple[AttemptRow, ...]:
    return tuple(
        AttemptRow(
            network=NETWORKS[attempt.network],
            method=METHODS[attempt.method],
            float_quality=_score(attempt.float_quality),
            int8_quality=_score(attempt.int8_quality),
            flash=units.kib(attempt.flash_bytes),
            latency=units.time(attempt.latency_us),
            outcome="kept" if attempt.kept else units.one_line(attempt.failure),
            kept=attempt.kept,
        )
        for attempt in attempts
    )


def range_rows(ranges: Sequence[TensorRange]) -> tuple[RangeRow, ...]:
    return tuple(
        RangeRow(
            operator=one.operator,
            kind=units.one_line(one.kind, 40),
            name=readable(one.name),
            what="weights" if one.weights else "output",
            channels=units.count(one.channels),
            used=units.percent(one.used),
            narrowest=units.percent(one.narrowest),
            saturated=units.NOTHING if one.weights else units.percent(one.saturated, 2),
            notable=notable(one),
        )
        for one in ranges
    )


def notable(one: TensorRange) -> bool:
    """Whether much is clipped, or a channel has hardly any of int8's steps."""
    return one.saturated > MUCH_CLIPPED or one.narrowest < LITTLE_USED


def ranges_sentence(ranges: Sequence[TensorRange]) -> str:
    """`Of int8's steps the least used channel has 12.1 % (operator 3, CONV_2D); at most 0.10 % of an output's values
    stand at an end (operator 5, ADD).` Empty where nothing is known."""
    outputs = [one for one in ranges if not one.weights]
    if not outputs:
        return ""
    narrowest = min(ranges, key=lambda one: (one.narrowest, one.operator))
    clipped = max(outputs, key=lambda one: (one.saturated, -one.operator))
    return (
        f"Of int8's steps the least used channel has {units.percent(narrowest.narrowest)} "
        f"(operator {narrowest.operator}, {units.one_line(narrowest.kind, 40)}); at most "
        f"{units.percent(clipped.saturated, 2)} of an output's values stand at an end "
        f"(operator {clipped.operator}, {units.one_line(clipped.kind, 40)})."
    )


def _score(value: float | None) -> str:
    return units.NOTHING if value is None else units.score(value)
