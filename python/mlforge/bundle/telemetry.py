"""Telemetry records of devices, read: the format is that of docs/telemetry.md.

Records are untrusted: whatever the bytes are, they make a record whose parts fit together, or an error names the key.
Needs the package cbor2, of the extra `update`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntFlag
from typing import Any, Final, NoReturn

from mlforge.bundle.block import Version
from mlforge.errors import DeviceError, TelemetryError
from mlforge.toolchain.packages import needed

FORMAT: Final = 1
MAX_RECORD_BYTES: Final = 1 << 14
MAX_ITEMS: Final = 4096  # of one list
_Q8: Final = 256.0
_Q16: Final = 65536.0
_LINE: Final = re.compile(r"mlforge-telemetry (\d{1,5})/(\d{1,5}) ((?:[0-9a-fA-F]{2}){1,32})\b")
_UNSIGNED: Final = (1 << 64) - 1
_SIGNED: Final = (1 << 63) - 1


class Drift(IntFlag):
    INPUTS = 1
    SCORES = 2
    CLASSES = 4


@dataclass(frozen=True, slots=True)
class Record:
    """`windows` is what `classes` to `channel_indices` and `alarms` are of. Means and deviations are in units of the
    model's int8 inputs, indices are population stability indices; None is what the device has not.

    `offsets` (frames' fixed point) and `gains` (1 for one): what calibration has added to those of the bundle.
    """

    crc: int
    firmware: Version
    uptime_s: int
    condition: int
    windows: int
    inferences: int
    late: int
    dropped: int
    worst_us: int
    drift: Drift
    scores: tuple[int, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    classes: tuple[int, ...] | None = None
    score_index: float | None = None
    class_index: float | None = None
    channel_indices: tuple[float, ...] | None = None
    offsets: tuple[int, ...] | None = None
    gains: tuple[float, ...] | None = None
    calibrations: int | None = None
    least_windows: int | None = None
    alarms: int | None = None


def decode_record(data: bytes) -> Record:
    """Raises TelemetryError; DeviceError where the package cbor2 is missing."""
    fields = _Fields(_map(data))
    if fields.number(0) != FORMAT:
        fields.wrong(0, f"version {fields.number(0)}: expected {FORMAT}")
    means, deviations = fields.numbers(13, signed=True), fields.numbers(14)
    if len(means) != len(deviations):
        fields.wrong(14, f"{len(deviations)} deviations for {len(means)} means")
    indices, offsets, gains = fields.maybe(17), fields.maybe(18, signed=True), fields.maybe(19, signed=True)
    for key, values in ((17, indices), (18, offsets), (19, gains)):
        if values is not None and len(values) != len(means):
            fields.wrong(key, f"{len(values)} numbers for {len(means)} channels")
    return Record(
        crc=fields.number(1),
        firmware=_version(fields),
        uptime_s=fields.number(3),
        condition=fields.number(4),
        windows=fields.number(5),
        inferences=fields.number(6),
        late=fields.number(7),
        dropped=fields.number(8),
        worst_us=fields.number(9),
        drift=Drift(fields.number(10) & 7),
        classes=fields.maybe(11),
        scores=fields.numbers(12),
        means=tuple(value / _Q8 for value in means),
        deviations=tuple(value / _Q8 for value in deviations),
        score_index=fields.share(15),
        class_index=fields.share(16),
        channel_indices=None if indices is None else tuple(value / _Q16 for value in indices),
        offsets=offsets,
        gains=None if gains is None else tuple(value / _Q16 for value in gains),
        calibrations=fields.optional(20),
        least_windows=fields.optional(21),
        alarms=fields.optional(22),
    )


def records_in(text: str) -> Iterator[bytes]:
    """The records in a log, in order; the text may be anything else besides. What is incomplete is left out."""
    whole, size_bytes = b"", 0
    for match in _LINE.finditer(text):
        offset, total = int(match[1]), int(match[2])
        if offset == 0:
            whole, size_bytes = b"", total
        if offset != len(whole) or total != size_bytes:
            whole, size_bytes = b"", 0
            continue
        whole += bytes.fromhex(match[3])
        if len(whole) == size_bytes:
            yield whole


def log_lines(data: bytes) -> Iterator[str]:
    """A record as devices write it to their log: what `records_in` reads."""
    for offset in range(0, len(data), 32):
        yield f"mlforge-telemetry {offset}/{len(data)} {data[offset : offset + 32].hex()}"


@dataclass(frozen=True, slots=True)
class _Fields:
    """Typed access to the map's entries."""

    values: Mapping[Any, Any]

    def wrong(self, key: int, reason: str) -> NoReturn:
        raise TelemetryError(key, reason)

    def number(self, key: int) -> int:
        return self._number(key, self._value(key), signed=False)

    def optional(self, key: int) -> int | None:
        return self.number(key) if key in self.values else None

    def share(self, key: int) -> float | None:
        number = self.optional(key)
        return None if number is None else number / _Q16

    def numbers(self, key: int, *, signed: bool = False) -> tuple[int, ...]:
        value = self._value(key)
        if not isinstance(value, list) or len(value) > MAX_ITEMS:
            self.wrong(key, f"{type(value).__name__}: expected a list of at most {MAX_ITEMS} numbers")
        return tuple(self._number(key, item, signed=signed) for item in value)

    def maybe(self, key: int, *, signed: bool = False) -> tuple[int, ...] | None:
        return self.numbers(key, signed=signed) if key in self.values else None

    def _value(self, key: int) -> Any:
        if key not in self.values:
            self.wrong(key, "missing")
        return self.values[key]

    def _number(self, key: int, value: Any, *, signed: bool) -> int:
        if type(value) is not int:
            self.wrong(key, f"{type(value).__name__}: expected a number")
        low, high = (-_SIGNED - 1, _SIGNED) if signed else (0, _UNSIGNED)
        if not low <= value <= high:
            self.wrong(key, f"{value}: out of range")
        return value


def _version(fields: _Fields) -> Version:
    parts = fields.numbers(2)
    if len(parts) != 4 or any(part >> bits for part, bits in zip(parts, (8, 8, 16, 32), strict=True)):
        fields.wrong(2, f"{list(parts)[:8]}: expected major, minor, revision and build")
    return Version(*parts)


def _map(data: bytes) -> Mapping[Any, Any]:
    try:
        import cbor2
    except ImportError as error:
        raise DeviceError("telemetry needs the package cbor2", hint=needed("update")) from error
    if len(data) > MAX_RECORD_BYTES:
        raise TelemetryError(-1, f"{len(data)} bytes: expected at most {MAX_RECORD_BYTES}")
    stream = io.BytesIO(data)
    try:
        value = cbor2.load(stream)
    except Exception as error:  # tags reach into much of Python: dates, decimals, addresses
        raise TelemetryError(-1, f"no CBOR ({type(error).__name__})") from error
    if not isinstance(value, Mapping):
        raise TelemetryError(-1, f"{type(value).__name__}: expected a map")
    if stream.tell() != len(data):
        raise TelemetryError(-1, f"{len(data) - stream.tell()} bytes behind the map")
    return value
