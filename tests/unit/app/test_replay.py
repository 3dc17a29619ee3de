"""Replays into a device that sends back what it got, and into one that does not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mlforge.app.replay import Echo, replay, said
from mlforge.data.record_packets import Packet, PacketReader, model_id
from mlforge.errors import LineError, RunError

FRAMES = np.arange(60, dtype=np.int32).reshape(20, 3)


class Device:
    """Answers what `answer` makes of each packet; each read takes 0.25 s."""

    def __init__(self, answer: Callable[[Packet], bytes]) -> None:
        self.answer, self.reader, self.waiting, self.now = answer, PacketReader(), b"*** Booting\n", 0.0

    def read(self, timeout_s: float) -> bytes:
        self.now += 0.25
        data, self.waiting = self.waiting[:50], self.waiting[50:]
        return data

    def write(self, data: bytes) -> None:
        for packet in self.reader.feed(data):
            self.waiting += self.answer(packet)

    def fileno(self) -> int:
        return -1

    def close(self) -> None: ...


def played(device: Device) -> Echo:
    return replay(device, "words", FRAMES, 16, patience_s=9.0, clock=lambda: device.now)


def test_all_frames_in_order_and_what_the_console_says() -> None:
    device = Device(lambda packet: b"yes\n" + packet.encoded())
    echo = played(device)
    assert echo.frames == 20
    assert bytes(echo.text) == b"*** Booting\n" + 2 * b"yes\n"


def test_frames_may_come_back_one_by_one() -> None:
    def one_by_one(packet: Packet) -> bytes:
        singles = [Packet(frame[None], packet.first + at, 16, packet.model) for at, frame in enumerate(packet.frames)]
        return b"".join(each.encoded() for each in singles)

    assert played(Device(one_by_one)).frames == 20


def test_a_frame_that_does_not_come_back_is_named() -> None:
    with pytest.raises(RunError, match="frame 10 did not come back"):
        played(Device(lambda packet: packet.encoded() if packet.first < 10 else b"panic\n"))


def test_other_frames_are_refused() -> None:
    with pytest.raises(RunError, match="other frames than were sent, from frame 0"):
        played(Device(lambda packet: Packet(packet.frames + 1, packet.first, 16, packet.model).encoded()))
    with pytest.raises(RunError, match="another model"):
        played(Device(lambda packet: Packet(packet.frames, packet.first, 16, model_id("x")).encoded()))


def test_a_device_that_is_unplugged() -> None:
    def gone(packet: Packet) -> bytes:
        raise LineError("the serial port broke: unplugged")

    with pytest.raises(LineError, match="unplugged"):
        played(Device(gone))


def test_what_is_expected_comes_in_order() -> None:
    assert said("a yes b no", ["yes", "no"]) == ""
    assert said("a yes b no", ["no", "yes"]) == "yes"
    assert said("", []) == ""
