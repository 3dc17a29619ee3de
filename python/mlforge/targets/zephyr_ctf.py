"""A trace that Zephyr's own tracing made on a board (CONFIG_TRACING_CTF), as a timeline of threads and interrupts.

It is untrusted: a directory with Zephyr's `metadata` (subsys/tracing/ctf/tsdl) and the stream that a backend wrote. Of
the Common Trace Format's language only what Zephyr's metadata uses is read. Times are the board's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlforge.errors import RunError
from mlforge.records.timeline import Slice, Timeline, Track

METADATA: Final = "metadata"
STREAM: Final = "channel0_0"
_MOST_METADATA_BYTES: Final = 1 << 18
_MOST_STREAM_BYTES: Final = 1 << 26
_MOST_EVENTS: Final = 2_000_000
_WRAP: Final = 1 << 32  # timestamps are 32 bits of nanoseconds
_TYPE: Final = re.compile(r"typealias\s+integer\s*\{\s*size\s*=\s*(\d{1,3})\s*;[^}]*\}\s*:=\s*(\w+)\s*;")
_HEADER: Final = re.compile(r"struct\s+event_header\s*\{([^}]*)\}")
_EVENT: Final = re.compile(
    r"event\s*\{\s*name\s*=\s*(\w+)\s*;\s*id\s*=\s*(0[xX][0-9A-Fa-f]+|\d+)\s*;\s*"
    r"(?:fields\s*:=\s*struct\s*\{([^}]*)\}\s*;)?\s*\}\s*;"
)
_FIELD: Final = re.compile(r"(\w+)\s+(\w+)\s*(?:\[\s*(\d{1,4})\s*\])?\s*;")


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    offset: int
    bytes: int


@dataclass(frozen=True, slots=True)
class _Layout:
    fields: Mapping[str, _Field]
    bytes: int


@dataclass(frozen=True, slots=True)
class _Event:
    at_ns: int
    name: str
    subject: str  # a thread's name, where the event has one


def read_board_trace(directory: Path) -> Timeline:
    """Raises RunError where there is no such trace, or it is damaged."""
    text = _bytes(directory / METADATA, _MOST_METADATA_BYTES).decode("utf-8", "replace")
    data = _bytes(directory / STREAM, _MOST_STREAM_BYTES)
    slices = sorted(_slices(_events(text, data)), key=lambda each: (each.begin, -each.end, each.track))
    if not slices:
        raise RunError(f"{directory}: no thread ran in this trace", hint="CONFIG_TRACING_THREAD=y and THREAD_NAME=y")
    first = min(each.begin for each in slices)
    moved = tuple(Slice(each.track, each.name, each.begin - first, each.end - first) for each in slices)
    return Timeline(directory.resolve().name, "the board", moved, 1, "nanoseconds")


def _events(metadata: str, data: bytes) -> Iterator[_Event]:
    sizes = {name: int(bits) // 8 for bits, name in _TYPE.findall(metadata)}
    header = _HEADER.search(metadata)
    if header is None:
        raise RunError("the trace's metadata have no event_header: not those of Zephyr")
    head = _layout(header[1], sizes)
    if not {"timestamp", "id"} <= head.fields.keys():
        raise RunError("the trace has no times", hint="CONFIG_TRACING_CTF_TIMESTAMP=y")
    layouts = {int(number, 0): (name, _layout(fields, sizes)) for name, number, fields in _EVENT.findall(metadata)}
    at = behind_ns = last = events = 0
    while at + head.bytes <= len(data):
        number, stamp = (_number(data, at, head.fields[name]) for name in ("id", "timestamp"))
        if number not in layouts:
            raise RunError(
                f"the trace has an event 0x{number:02x} at byte {at} that its metadata do not know",
                hint="the metadata must be those of the Zephyr that the board runs; or bytes were lost",
            )
        name, layout = layouts[number]
        at += head.bytes
        if at + layout.bytes > len(data):
            return  # cut off by the end of the recording
        behind_ns += _WRAP if stamp < last - _WRAP // 2 else 0
        last = stamp
        place = layout.fields.get("name")
        told = data[at + place.offset : at + place.offset + place.bytes] if place else b""
        yield _Event(behind_ns + stamp, name, told.split(b"\0")[0].decode("ascii", "replace"))
        at += layout.bytes
        events += 1
        if events > _MOST_EVENTS:
            raise RunError("more happened than one picture can show", hint="trace a shorter time")


def _slices(events: Iterator[_Event]) -> Iterator[Slice]:
    """A thread from being switched in to being switched out; interrupts with what is nested in them."""
    thread, since = "", -1
    depth, entered = 0, 0
    for event in events:
        if event.name in ("thread_switched_in", "thread_switched_out"):
            if since >= 0 and event.at_ns > since:
                yield Slice(Track.THREAD, thread or "a thread", since, event.at_ns)
            running = event.name == "thread_switched_in"
            thread, since = (event.subject, event.at_ns) if running else ("", -1)
        elif event.name == "isr_enter":
            entered = entered if depth else event.at_ns
            depth += 1
        elif event.name in ("isr_exit", "isr_exit_to_scheduler") and depth:
            depth -= 1
            if depth == 0 and event.at_ns > entered:
                yield Slice(Track.INTERRUPT, "an interrupt", entered, event.at_ns)


def _layout(text: str, sizes: Mapping[str, int]) -> _Layout:
    fields: dict[str, _Field] = {}
    offset = 0
    for kind, name, count in _FIELD.findall(text):
        if kind not in sizes:
            raise RunError(f"the trace's metadata have a field of the unknown type {kind}")
        size = sizes[kind] * int(count or 1)
        fields[name] = _Field(name, offset, size)
        offset += size
    return _Layout(fields, offset)


def _number(data: bytes, at: int, field: _Field) -> int:
    return int.from_bytes(data[at + field.offset : at + field.offset + field.bytes], "little")


def _bytes(path: Path, most: int) -> bytes:
    try:
        if not path.is_file():
            raise RunError(f"{path}: no such file", hint="a directory with `metadata` and `channel0_0`")
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise RunError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error
    if len(data) > most:
        raise RunError(f"{path}: more than {most >> 10} KiB", hint="trace a shorter time")
    return data
