"""Traces that Zephyr's own tracing made: read, or refused; they are untrusted."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from mlforge.cli.main import main
from mlforge.errors import RunError
from mlforge.records.timeline import Track
from mlforge.targets.zephyr_ctf import METADATA, STREAM, read_board_trace

TSDL = """/* CTF 1.8 */
typealias integer { size = 8; align = 8; signed = true; } := int8_t;
typealias integer { size = 8; align = 8; signed = false; } := uint8_t;
typealias integer { size = 32; align = 8; signed = false; } := uint32_t;
typealias integer { size = 8; align = 8; signed = false; encoding = ASCII; } := ctf_bounded_string_t;
struct event_header {
	uint32_t timestamp;
	uint8_t id;
};
event {
	name = thread_switched_out;
	id = 0x10;
	fields := struct {
		uint32_t thread_id;
		ctf_bounded_string_t name[20];
	};
};
event {
	name = thread_switched_in;
	id = 0x11;
	fields := struct {
		uint32_t thread_id;
		ctf_bounded_string_t name[20];
	};
};
event { name = isr_enter; id = 0x1B; };
event { name = isr_exit; id = 28; };
"""
OUT, IN, ENTER, EXIT = 0x10, 0x11, 0x1B, 0x1C


def event(at_ns: int, number: int, name: str = "") -> bytes:
    fields = struct.pack("<I20s", 1, name.encode()) if number in (OUT, IN) else b""
    return struct.pack("<IB", at_ns % 2**32, number) + fields


def trace(directory: Path, *events: bytes, metadata: str = TSDL) -> Path:
    directory.mkdir(exist_ok=True)
    (directory / METADATA).write_text(metadata)
    (directory / STREAM).write_bytes(b"".join(events))
    return directory


def test_threads_and_interrupts_over_a_wrapped_clock(tmp_path: Path) -> None:
    start = 2**32 - 100
    found = read_board_trace(
        trace(
            tmp_path / "t",
            event(start, IN, "main"),
            event(start + 50, ENTER),
            event(start + 60, ENTER),
            event(start + 70, EXIT),
            event(start + 90, EXIT),
            event(start + 200, OUT, "main"),
            event(start + 210, IN, "idle"),
            event(start + 300, OUT, "idle"),
            event(start + 310, IN, "cut off")[:9],
        )
    )
    assert [(each.track, each.name, each.begin, each.end) for each in found.slices] == [
        (Track.THREAD, "main", 0, 200),
        (Track.INTERRUPT, "an interrupt", 50, 90),
        (Track.THREAD, "idle", 210, 300),
    ]
    assert found.unit == "nanoseconds"


def test_the_command_draws_it(tmp_path: Path) -> None:
    place = trace(tmp_path / "t", event(0, IN, "main"), event(500, OUT, "main"))
    assert main(["trace", str(place), "-o", str(tmp_path / "t.html"), "--perfetto", str(tmp_path / "t.json")]) == 0
    page = (tmp_path / "t.html").read_text()
    assert "500 nanoseconds" in page
    assert "instructions" not in page


@pytest.mark.parametrize(
    ("events", "metadata", "words"),
    [
        ([event(0, 0x77)], TSDL, "an event 0x77 at byte 0"),
        ([event(0, IN, "main")], TSDL.replace("event_header", "other"), "no event_header"),
        ([event(0, IN, "main")], TSDL.replace("uint32_t timestamp;", ""), "no times"),
        ([event(0, IN, "main")], TSDL.replace("uint32_t thread_id", "uint128_t thread_id"), "unknown type uint128_t"),
        ([event(0, ENTER)], TSDL, "no thread ran"),
        ([], TSDL, "no thread ran"),
        ([], "x" * (1 << 19), "more than 256 KiB"),
    ],
)
def test_damaged_traces_are_refused(events: list[bytes], metadata: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=words):
        read_board_trace(trace(tmp_path / "t", *events, metadata=metadata))


def test_no_trace(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no such file"):
        read_board_trace(tmp_path)
