"""Telemetry as a person reads it: what was seen beside what was expected, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from mlforge.bundle.advice import advise, largest_index
from mlforge.bundle.block import CRC_OFFSET, Block, encode
from mlforge.bundle.device import Condition
from mlforge.bundle.sections import Baseline, Calibration
from mlforge.bundle.telemetry import Drift, Record

BARS: Final = "·▁▂▃▄▅▆▇█"
LIMIT: Final = 0.25  # of an index, where no bundle says which one its device has
MAX_HISTORY: Final = 60
_ALL: Final = 65535  # Q0.16
_Q8: Final = 256


def draw(console: Console, records: Sequence[Record], block: Block | None) -> None:
    """The last record, with the course of the indices over all of them."""
    record = records[-1]
    baseline = None
    if block is not None and not is_of(record, block):
        console.print("the telemetry is of another bundle than the one given: nothing to compare it with")
    elif block is not None:
        baseline = block.section(Baseline)
    console.print(_headline(record, block if baseline else None))
    console.print(_answers(record, baseline))
    if record.means:
        console.print(_channels(record, baseline))
    if len(records) > 1:
        course = [largest_index(one) for one in records[-MAX_HISTORY:]]
        console.print(f"largest index of {len(course)} records: {spark(course)} up to {max(course):.2f}")
    for advice in advise(record, calibration_of(record, block)):
        console.print(f"{advice.step}: {advice.why}", markup=False, soft_wrap=True)


def is_of(record: Record, block: Block) -> bool:
    return int.from_bytes(encode(block)[CRC_OFFSET : CRC_OFFSET + 4], "little") == record.crc


def calibration_of(record: Record, block: Block | None) -> Calibration | None:
    return block.section(Calibration) if block is not None and is_of(record, block) else None


def spark(values: Sequence[float]) -> str:
    """A line of bars, the largest value of full height; what is not nothing is visible."""
    most = max(values, default=0.0)
    if most <= 0:
        return BARS[0] * len(values)
    steps = len(BARS) - 1
    return "".join(BARS[max(1, round(value / most * steps)) if value > 0 else 0] for value in values)


def _headline(record: Record, block: Block | None) -> str:
    name = f"{block.name} " if block else ""
    known = record.condition in list(Condition)
    condition = Condition(record.condition).name.lower() if known else f"state {record.condition}"
    alarms = "" if record.alarms is None else f", {record.alarms} windows with an alarm"
    return (
        f"{name}{record.firmware}, {condition}, up {_duration(record.uptime_s)}: {record.inferences} inferences, "
        f"{record.late} late, worst {record.worst_us} us; {record.windows} windows{alarms}"
    )


def _answers(record: Record, baseline: Baseline | None) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("", "seen", "expected", "index", ""):
        table.add_column(heading)
    rows = [
        ("scores", record.scores, baseline.score_shares if baseline else (), record.score_index, Drift.SCORES),
        ("classes", record.classes or (), baseline.class_shares if baseline else (), record.class_index, Drift.CLASSES),
    ]
    for name, seen, expected, index, flag in rows:
        if seen:
            table.add_row(
                name, spark(seen), spark(expected), "" if index is None else f"{index:.3f}", _flag(record, flag)
            )
    total = sum(record.classes or ()) or 1
    shares = baseline.class_shares if baseline else ()
    for number, count in enumerate(record.classes or ()):
        expected_share = f"{shares[number] / _ALL:.1%}" if number < len(shares) else ""
        table.add_row(f"  class {number}", f"{count / total:.1%}", expected_share, "", "")
    return table


def _channels(record: Record, baseline: Baseline | None) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("channel", "mean", "deviation", "expected mean", "deviation", "index", ""):
        table.add_column(heading, justify="right")
    expected = baseline.channels if baseline else ()
    limit = baseline.psi_limit / _Q8 if baseline else LIMIT
    for number, (mean, deviation) in enumerate(zip(record.means, record.deviations, strict=True)):
        index = record.channel_indices[number] if record.channel_indices else None
        wanted = expected[number] if number < len(expected) else None
        table.add_row(
            str(number),
            f"{mean:.2f}",
            f"{deviation:.2f}",
            f"{wanted.mean / _Q8:.2f}" if wanted else "",
            f"{wanted.deviation / _Q8:.2f}" if wanted else "",
            "" if index is None else f"{index:.3f}",
            _flag(record, Drift.INPUTS) if index is not None and index >= limit else "",
        )
    return table


def _flag(record: Record, flag: Drift) -> str:
    return "drift" if record.drift & flag else ""


def _duration(seconds: int) -> str:
    days, rest = divmod(seconds, 86400)
    return (f"{days} d " if days else "") + f"{rest // 3600}:{rest // 60 % 60:02}:{rest % 60:02}"
