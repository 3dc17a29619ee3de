"""What the tracing plugin leaves of an application's own image: threads, interrupts, frames, deadlines."""

from __future__ import annotations

import pytest

from mlforge.errors import RunError
from mlforge.records.timeline import Slice, Timeline, Track
from mlforge.targets.image_code import Kind, Watched
from mlforge.targets.thread_tracing import missed, read_image_events

OTHER, INSIDE, HANDLER, ROUTINE, EXIT, SWITCH, MAIN, FRAME, INFERENCE, BETWEEN, OPERATOR, STAGE = range(12)
NAMES = {HANDLER: "", ROUTINE: "uart_isr", OPERATOR: "00 CONV_2D", STAGE: "fft"}
WATCHED = Watched(
    "",
    {number: (kind, NAMES.get(number, "")) for number, kind in enumerate(Kind)},
    0x838,
    ((0x100, 0x180, "main"), (0x200, 0x280, "service")),
)


def read(*lines: str, deadline: int | None = None) -> Timeline:
    return read_image_events("\n".join(lines), WATCHED, "app", "mps2-an385", deadline, 8)


def slices(timeline: Timeline, track: Track) -> list[tuple[str, int, int]]:
    return [(each.name, each.begin, each.end) for each in timeline.slices if each.track is track]


def test_threads_and_interrupts() -> None:
    found = read(
        f"0 {OTHER}",
        f"10 {MAIN}",
        f"100 {HANDLER}",
        f"105 {ROUTINE}",
        f"110 {EXIT}",
        f"115 {SWITCH}",
        "S 120 230",
        f"125 {OTHER}",
        "S 200 130",
        "S 240 999",
        "E 300",
    )
    assert slices(found, Track.THREAD) == [
        ("boot", 0, 10),
        ("main", 10, 100),
        ("main", 115, 120),
        ("service", 120, 200),
        ("main", 200, 240),
        ("thread at 0x999", 240, 300),
    ]
    assert slices(found, Track.INTERRUPT) == [("uart_isr", 100, 115)]
    assert found.ns_each == 8


def test_an_operator_goes_on_behind_an_interrupt_and_another_thread() -> None:
    found = read(
        f"0 {MAIN}",
        f"10 {FRAME}",
        f"20 {OTHER}",
        f"30 {INFERENCE}",
        f"32 {OPERATOR}",
        f"40 {INSIDE}",  # a kernel: still the operator
        f"50 {HANDLER}",
        f"60 {EXIT}",
        f"70 {SWITCH}",
        "S 75 230",
        f"80 {OTHER}",
        "S 100 130",
        f"105 {INSIDE}",
        f"120 {BETWEEN}",
        f"125 {OTHER}",
        "E 200",
        deadline=100,
    )
    assert slices(found, Track.OPERATOR) == [("00 CONV_2D", 32, 50), ("00 CONV_2D", 70, 75), ("00 CONV_2D", 100, 120)]
    assert slices(found, Track.WINDOW) == [("inference", 30, 125)]
    assert slices(found, Track.FRAME) == [("frame", 10, 20)]
    assert slices(found, Track.DEADLINE) == [("missed", 10, 125)]
    assert list(missed(found)) == [Slice(Track.DEADLINE, "missed", 10, 125)]


def test_nested_and_tail_chained_interrupts() -> None:
    found = read(
        f"0 {MAIN}",
        f"10 {HANDLER}",
        f"20 {HANDLER}",
        f"25 {ROUTINE}",
        f"30 {EXIT}",
        f"35 {OTHER}",
        f"40 {EXIT}",
        f"45 {HANDLER}",
        f"50 {EXIT}",
        f"55 {OTHER}",
        "E 60",
    )
    assert slices(found, Track.INTERRUPT) == [
        ("an interrupt", 10, 20),
        ("uart_isr", 20, 35),
        ("an interrupt", 35, 45),
        ("an interrupt", 45, 55),
    ]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["0 6"], "before the tracing plugin"),
        (["0 99", "E 1"], "damaged"),
        (["S 5", "E 10"], "damaged"),
        (["S 5 zz", "E 10"], "damaged"),
        (["X", "E 10"], "more happened"),
    ],
)
def test_damaged_files_are_refused(lines: list[str], words: str) -> None:
    with pytest.raises(RunError, match=words):
        read(*lines)
