"""A timeline in the Common Trace Format 1.8, for babeltrace2 and Trace Compass: a directory of two files.

Events of threads and interrupts have the names that Zephyr's own tracing gives them (subsys/tracing/ctf); those of a
model are ours. Specification: https://diamon.org/ctf/v1.8.3/
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Final

from mlforge.records.timeline import Timeline, Track
from mlforge.templating import environment

METADATA: Final = "metadata"
STREAM: Final = "channel0_0"  # as Zephyr calls it
_MAGIC: Final = 0xC1FC1FC1
_NAME_BYTES: Final = 32
_EVENTS: Final[Mapping[Track, tuple[str, str]]] = {
    Track.THREAD: ("thread_switched_in", "thread_switched_out"),
    Track.INTERRUPT: ("isr_enter", "isr_exit"),
    Track.FRAME: ("frame_enter", "frame_exit"),
    Track.DEADLINE: ("deadline_begin", "deadline_end"),
    Track.WINDOW: ("model_enter", "model_exit"),
    Track.OPERATOR: ("operator_enter", "operator_exit"),
    Track.STAGE: ("stage_enter", "stage_exit"),
}


def ctf(timeline: Timeline) -> dict[str, bytes]:
    """The files by name; equal input gives equal bytes. Names are cut after 31 bytes."""
    names = [name for pair in _EVENTS.values() for name in pair]
    numbers = {name: number for number, name in enumerate(names)}
    depth = {track: index for index, track in enumerate((*_OUTSIDE, *(each for each in Track if each not in _OUTSIDE)))}
    found = []
    for each in timeline.slices:
        enter, leave = _EVENTS[each.track]
        inside = depth[each.track]
        found.append(
            (each.begin, 1, inside, numbers[enter], each.name)
        )  # what ends at a moment ends before others begin
        found.append((each.end, 0, -inside, numbers[leave], each.name))
    stream = struct.pack("<I", _MAGIC) + b"".join(
        struct.pack("<QB", at * timeline.ns_each, number) + _bounded(name) for at, _, _, number, name in sorted(found)
    )
    metadata = (
        environment("mlforge.report")
        .get_template("ctf.tsdl.j2")
        .render(events=numbers.items(), name_bytes=_NAME_BYTES, target=_quoted(timeline.target))
    )
    return {METADATA: metadata.encode(), STREAM: stream}


_OUTSIDE: Final = (Track.THREAD, Track.INTERRUPT)


def _bounded(name: str) -> bytes:
    return name.encode("ascii", "replace")[: _NAME_BYTES - 1].ljust(_NAME_BYTES, b"\0")


def _quoted(text: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_/. " else "_" for letter in text)
