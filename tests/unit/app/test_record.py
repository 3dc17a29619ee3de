"""Recording from a device that sends, falls silent, is unplugged, or is another one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from mlforge.app.record import Heard, record
from mlforge.data.record_packets import Packet, model_id
from mlforge.errors import DataError, LineError, RunError


class Line:
    """A device: gives one piece at each read, and then nothing, or breaks. Each read takes 0.125 s."""

    def __init__(self, *pieces: bytes, breaks: bool = False) -> None:
        self.pieces, self.breaks, self.now = iter(pieces), breaks, 0.0

    def read(self, timeout_s: float) -> bytes:
        self.now += 0.125
        piece = next(self.pieces, None)
        if piece is None and self.breaks:
            raise LineError("the serial port broke: unplugged")
        return piece or b""

    def write(self, data: bytes) -> None: ...

    def fileno(self) -> int:
        return -1

    def close(self) -> None: ...


def packets(count: int, name: str = "words") -> Iterator[bytes]:
    for index in range(count):
        yield Packet(np.array([[index]], np.int16), index, 15, model_id(name)).encoded()


def heard(line: Line, seconds: float = 1.0, told: bytearray | None = None) -> Heard:
    text = bytearray() if told is None else told
    return record(line, "words", seconds=seconds, patience_s=2.0, text=text.extend, clock=lambda: line.now)


def test_frames_until_the_time_is_over() -> None:
    found = heard(Line(*packets(50)))
    assert found.recorded.values[:, 0].tolist() == list(range(9))
    assert (found.broken, found.damaged) == ("", 0)


def test_the_log_between_packets_is_passed_on() -> None:
    told = bytearray()
    one, two = packets(2)
    found = heard(Line(b"*** Booting\n", one, b"<inf> hello\n" + two), told=told)
    assert found.recorded.frames == 2
    assert bytes(told).startswith(b"*** Booting\n<inf> hello")


def test_what_was_heard_before_the_line_broke_is_kept() -> None:
    found = heard(Line(*packets(3), breaks=True), seconds=9)
    assert found.recorded.frames == 3
    assert "unplugged" in found.broken


def test_what_was_heard_before_silence_is_kept() -> None:
    found = heard(Line(*packets(3)), seconds=9)
    assert (found.recorded.frames, found.broken) == (3, "no frames for 2 s")


def test_a_device_that_sends_nothing_is_told_from_one_that_is_gone() -> None:
    with pytest.raises(RunError, match="no frames in 2 s"):
        heard(Line())
    with pytest.raises(LineError, match="unplugged"):
        heard(Line(breaks=True))


def test_the_wrong_speed_is_guessed() -> None:
    (good,) = packets(1)
    with pytest.raises(RunError, match="no frames in 2 s, but 1 damaged packets"):
        heard(Line(good[:-1] + b"\0" + bytes(100)))


def test_another_model_is_refused() -> None:
    with pytest.raises(DataError, match="another model than words"):
        heard(Line(*packets(1, "motion")))


def test_lost_frames_are_marked() -> None:
    sent = list(packets(9))
    found = heard(Line(sent[0], sent[1], sent[5], sent[6]), seconds=0.5)
    assert found.recorded.lost == [(2, 3)]
