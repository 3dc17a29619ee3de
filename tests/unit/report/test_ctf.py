"""The Common Trace Format: byte by byte, and read by babeltrace2 where it is installed."""

from __future__ import annotations

import struct
from pathlib import Path

from mlforge.records.timeline import Slice, Timeline, Track
from mlforge.report.ctf import METADATA, STREAM, ctf
from mlforge.toolchain.process import run
from tests.programs.require import require_babeltrace

TIMELINE = Timeline(
    'app"; } evil',
    "mps2-an385",
    (
        Slice(Track.THREAD, "main", 0, 500),
        Slice(Track.INTERRUPT, "sys_clock_isr", 500, 510),
        Slice(Track.THREAD, "a thread of a name that is too long", 510, 900),
        Slice(Track.WINDOW, "inference", 520, 800),
        Slice(Track.OPERATOR, "00 CONV_2D", 520, 800),
    ),
    8,
)


def test_events_are_in_the_order_of_time_and_nested() -> None:
    files = ctf(TIMELINE)
    data = files[STREAM]
    assert struct.unpack("<I", data[:4]) == (0xC1FC1FC1,)
    size = 8 + 1 + 32
    events = [data[at : at + size] for at in range(4, len(data), size)]
    assert len(events) == 2 * len(TIMELINE.slices)
    told = [(struct.unpack("<Q", one[:8])[0], one[8], one[9:].rstrip(b"\0").decode()) for one in events]
    assert [when for when, _, _ in told] == [0, 4000, 4000, 4080, 4080, 4160, 4160, 6400, 6400, 7200]
    names = [name for _, _, name in told]
    assert names[5:9] == ["inference", "00 CONV_2D", "00 CONV_2D", "inference"]
    assert names[9] == "a thread of a name that is too "
    assert files == ctf(TIMELINE)


def test_babeltrace_reads_it(tmp_path: Path) -> None:
    babeltrace = require_babeltrace()
    for name, data in ctf(TIMELINE).items():
        (tmp_path / name).write_bytes(data)
    done = run([babeltrace, tmp_path], timeout_s=60)
    assert done.status == 0, done.output
    lines = done.output.splitlines()
    assert len(lines) == 2 * len(TIMELINE.slices)
    assert "thread_switched_in" in lines[0]
    assert '"main"' in lines[0]
    assert "[00:00:00.000004000]" in lines[1] or "000004000" in lines[1]
    assert 'isr_enter: { name = "sys_clock_isr" }' in done.output


def test_an_empty_timeline_is_a_sound_trace(tmp_path: Path) -> None:
    assert ctf(Timeline("a", "b", ()))[STREAM] == struct.pack("<I", 0xC1FC1FC1)
    assert METADATA in ctf(Timeline("a", "b", ()))
