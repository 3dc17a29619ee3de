"""The sections of a bundle block: what each holds, and its bytes. The format is that of docs/bundle.md.

`encoded` writes and `decode_section` reads; whatever one writes the other reads as the same value, and whatever is
read is written as the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from itertools import chain
from typing import ClassVar, Final, NoReturn, Protocol, TypeAlias

from mlforge.bundle.binary import Fields, packed
from mlforge.errors import BlockError

Q16: Final = 1 << 16  # 1.0 in Q16.16
BASELINE_ALLOWED: Final = 1  # bit 0 of the calibration's flags
MAX_SELF_TEST_VECTORS: Final = 256


class Kind(IntEnum):
    THRESHOLDS = 1
    CALIBRATION = 2
    FEATURES = 3
    BASELINE = 4
    SELF_TEST = 5


class TaskCode(IntEnum):
    CLASSIFICATION = 0
    REGRESSION = 1
    ANOMALY = 2


class Section(Protocol):
    kind: ClassVar[Kind]

    def encoded(self) -> bytes:
        """Raises BlockError where a value does not fit its field."""
        ...


@dataclass(frozen=True, slots=True)
class Threshold:
    """A decision begins at `enter` and ends below `leave`: int8 scores in the quantisation of the model's output, or
    for anomalies mean squared reconstruction errors in Q16.16."""

    enter: int
    leave: int


@dataclass(frozen=True, slots=True)
class Thresholds:
    """`items`: one for each class; one for anomalies; none for regression. `hysteresis` is in windows."""

    kind: ClassVar = Kind.THRESHOLDS
    task: TaskCode
    hysteresis: int
    items: tuple[Threshold, ...]

    def encoded(self) -> bytes:
        classes = len(self.items) if self.task is TaskCode.CLASSIFICATION else 0
        names = ("thresholds.task", "thresholds.classes", "thresholds.hysteresis", "thresholds.reserved")
        head = packed("BBBB", (self.task, classes, self.hysteresis, 0), names)
        letter = "b" if self.task is TaskCode.CLASSIFICATION else "I"
        values = [number for item in self.items for number in (item.enter, item.leave)]
        return head + packed(letter * len(values), values, ("thresholds.enter", "thresholds.leave") * len(self.items))


@dataclass(frozen=True, slots=True)
class ChannelCalibration:
    """`offset` and its bound are in the fixed point of the raw frames, `gain` and its bound in Q16.16. The bounds say
    by how much the device may at most change the two."""

    offset: int
    gain: int
    offset_bound: int
    gain_bound: int


@dataclass(frozen=True, slots=True)
class Calibration:
    kind: ClassVar = Kind.CALIBRATION
    baseline_allowed: bool  # the device may calibrate itself, every `period_s`, within the bounds
    period_s: int
    channels: tuple[ChannelCalibration, ...]

    def encoded(self) -> bytes:
        flags = BASELINE_ALLOWED if self.baseline_allowed else 0
        names = ("calibration.channels", "calibration.flags", "calibration.period_s")
        head = packed("HHI", (len(self.channels), flags, self.period_s), names)
        values = [(one.offset, one.gain, one.offset_bound, one.gain_bound) for one in self.channels]
        parts = [f"calibration.{name}" for name in ("offset", "gain", "offset_bound", "gain_bound")]
        return head + b"".join(packed("iiii", each, parts) for each in values)


@dataclass(frozen=True, slots=True)
class Features:
    """The fitted pipeline, as its JSON text in canonical form: sorted keys, no spaces, ASCII."""

    kind: ClassVar = Kind.FEATURES
    text: str

    def encoded(self) -> bytes:
        return _canonical(self.text, "features.text").encode("ascii")


@dataclass(frozen=True, slots=True)
class ChannelBaseline:
    """Of a channel's int8 values at the model's input, in Q8.8 of such a unit: from -128 * 256 to 127 * 256."""

    mean: int
    deviation: int


@dataclass(frozen=True, slots=True)
class Baseline:
    """What inputs and scores looked like in training. Shares are Q0.16, 65535 for all; `psi_limit` is Q8.8."""

    kind: ClassVar = Kind.BASELINE
    psi_limit: int
    channels: tuple[ChannelBaseline, ...]
    class_shares: tuple[int, ...]
    score_shares: tuple[int, ...]

    def encoded(self) -> bytes:
        sizes = (len(self.channels), len(self.class_shares), len(self.score_shares), self.psi_limit)
        names = ("baseline.channels", "baseline.classes", "baseline.score_bins", "baseline.psi_limit")
        means = (
            packed("iI", (one.mean, one.deviation), ("baseline.mean", "baseline.deviation")) for one in self.channels
        )
        shares = (*self.class_shares, *self.score_shares)
        tail = packed("H" * len(shares), shares, ("baseline.share",) * len(shares))
        return packed("HHHH", sizes, names) + b"".join(means) + tail


@dataclass(frozen=True, slots=True)
class Vector:
    """An input of the model and what it must answer, byte for byte."""

    input: bytes
    output: bytes


@dataclass(frozen=True, slots=True)
class SelfTest:
    """At least one vector; all inputs are of one size, and all outputs."""

    kind: ClassVar = Kind.SELF_TEST
    vectors: tuple[Vector, ...]

    def encoded(self) -> bytes:
        sizes = {(len(vector.input), len(vector.output)) for vector in self.vectors}
        if len(sizes) != 1 or 0 in next(iter(sizes)) or len(self.vectors) > MAX_SELF_TEST_VECTORS:
            raise BlockError("self_test.vectors", f"{len(self.vectors)} of sizes {sorted(sizes)}")
        names = ("self_test.vectors", "self_test.reserved", "self_test.input_bytes", "self_test.output_bytes")
        head = packed("HHII", (len(self.vectors), 0, *sizes.pop()), names)
        return head + b"".join(chain.from_iterable((vector.input, vector.output) for vector in self.vectors))


AnySection: TypeAlias = Thresholds | Calibration | Features | Baseline | SelfTest


def decode_section(kind: Kind, data: bytes) -> AnySection:
    """Raises BlockError that names the field."""
    fields = Fields(data, kind.name.lower())
    section = _READERS[kind](fields)
    fields.end()
    return section


def _thresholds(fields: Fields) -> Thresholds:
    code, classes, hysteresis, reserved = fields.numbers("B", 4, "head")
    fields.expect(code in list(TaskCode), "task", f"{code}: expected 0 to 2")
    task = TaskCode(code)
    fields.expect((classes > 0) is (task is TaskCode.CLASSIFICATION), "classes", f"{classes} for {task.name.lower()}")
    fields.expect(hysteresis >= 1, "hysteresis", "0: expected at least 1")
    fields.expect(reserved == 0, "reserved", f"{reserved}: expected 0")
    count, letter = {TaskCode.CLASSIFICATION: (classes, "b"), TaskCode.ANOMALY: (1, "I")}.get(task, (0, "b"))
    values = fields.numbers(letter, 2 * count, "items")
    items = tuple(Threshold(*pair) for pair in zip(values[::2], values[1::2], strict=True))
    fields.expect(all(item.leave <= item.enter for item in items), "leave", "above enter")
    return Thresholds(task, hysteresis, items)


def _calibration(fields: Fields) -> Calibration:
    channels, flags = fields.numbers("H", 2, "head")
    period_s = fields.number("I", "period_s")
    fields.expect(channels >= 1, "channels", "0: expected at least 1")
    fields.expect(flags in (0, BASELINE_ALLOWED), "flags", f"{flags:#x}: expected 0 or 1")
    read = tuple(ChannelCalibration(*fields.numbers("i", 4, "channel")) for _ in range(channels))
    fields.expect(all(one.gain > 0 for one in read), "gain", "not above 0")
    fields.expect(all(one.offset_bound >= 0 for one in read), "offset_bound", "below 0")
    fields.expect(all(0 <= one.gain_bound < one.gain for one in read), "gain_bound", "below 0, or as large as the gain")
    return Calibration(flags == BASELINE_ALLOWED, period_s, read)


def _features(fields: Fields) -> Features:
    data = fields.rest()
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError as error:
        raise fields.wrong("text", "not ASCII") from error
    return Features(_canonical(text, "features.text"))


def _baseline(fields: Fields) -> Baseline:
    channels, classes, bins, psi_limit = fields.numbers("H", 4, "head")
    fields.expect(channels >= 1, "channels", "0: expected at least 1")
    fields.expect(psi_limit >= 1, "psi_limit", "0: expected at least 1")
    read = tuple(ChannelBaseline(fields.number("i", "mean"), fields.number("I", "deviation")) for _ in range(channels))
    sound = all(abs(one.mean) <= 128 * 256 and one.deviation <= 128 * 256 for one in read)
    fields.expect(sound, "mean", "mean or deviation out of the range of int8")
    return Baseline(psi_limit, read, fields.numbers("H", classes, "class_shares"), fields.numbers("H", bins, "bins"))


def _self_test(fields: Fields) -> SelfTest:
    vectors, reserved = fields.numbers("H", 2, "head")
    input_bytes, output_bytes = fields.numbers("I", 2, "sizes")
    fields.expect(1 <= vectors <= MAX_SELF_TEST_VECTORS, "vectors", f"{vectors}: expected 1 to {MAX_SELF_TEST_VECTORS}")
    fields.expect(reserved == 0, "reserved", f"{reserved}: expected 0")
    fields.expect(input_bytes > 0, "input_bytes", "0: expected at least 1")
    fields.expect(output_bytes > 0, "output_bytes", "0: expected at least 1")
    pairs = ((fields.take(input_bytes, "input"), fields.take(output_bytes, "output")) for _ in range(vectors))
    return SelfTest(tuple(Vector(*pair) for pair in pairs))


def _canonical(text: str, field: str) -> str:
    """The text, where it is a JSON object in canonical form. Raises BlockError where it is not."""

    def refuse(constant: str) -> NoReturn:
        raise ValueError(constant)

    try:
        values = json.loads(text, parse_constant=refuse)
        same = isinstance(values, dict) and text == json.dumps(values, sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError) as error:
        raise BlockError(field, "not JSON") from error
    if not same:
        raise BlockError(field, "not a JSON object in canonical form (sorted keys, no spaces, ASCII)")
    return text


_READERS: Final[Mapping[Kind, Callable[[Fields], AnySection]]] = {
    Kind.THRESHOLDS: _thresholds,
    Kind.CALIBRATION: _calibration,
    Kind.FEATURES: _features,
    Kind.BASELINE: _baseline,
    Kind.SELF_TEST: _self_test,
}
