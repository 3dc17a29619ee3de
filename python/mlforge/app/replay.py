"""Plays a recording into a device, as if its sensors had sent it: what failed in the field becomes a test."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.data.record_packets import Packet, PacketReader, model_id
from mlforge.errors import RunError
from mlforge.targets.transport import Transport

PACKET_BYTES: Final = 128  # of frames: CONFIG_MLFORGE_RECORD_PACKET_BYTES
READ_S: Final = 0.05


@dataclass(slots=True)
class Echo:
    """What the device sent back: how many frames its features got, and what its console said meanwhile."""

    frames: int = 0
    text: bytearray = field(default_factory=bytearray)


def replay(
    line: Transport,
    model: str,
    frames: NDArray[np.int32],
    frac_bits: int,
    *,
    patience_s: float = 20.0,
    settle_s: float = 0.5,
    clock: Callable[[], float] = time.monotonic,
) -> Echo:
    """Sends frames int32 [N, channels] packet by packet, each when the device has sent the one before back.

    Args:
        patience_s: how long to wait for a packet to come back.
        settle_s: how long to listen behind the last one, for what the last window comes to.

    Raises:
        RunError: the device is gone, sends nothing back, or sends back something else.
    """
    reader, echo = PacketReader(), Echo()
    for packet in _packets(frames, frac_bits, model):
        line.write(packet.encoded())
        _await(line, reader, echo, packet, clock, clock() + patience_s)
    end = clock() + settle_s
    while clock() < end:
        reader.feed(line.read(READ_S))
        _told(reader, echo)
    return echo


def _packets(frames: NDArray[np.int32], frac_bits: int, model: str) -> Iterator[Packet]:
    most = max(1, PACKET_BYTES // (4 * frames.shape[1]))
    for start in range(0, len(frames), most):
        yield Packet(frames[start : start + most], start, frac_bits, model_id(model))


def _await(
    line: Transport, reader: PacketReader, echo: Echo, sent: Packet, clock: Callable[[], float], due: float
) -> None:
    back: list[NDArray[np.int32]] = []
    while sum(map(len, back)) < len(sent.frames):
        for packet in reader.feed(line.read(READ_S)):
            if packet.model != sent.model:
                raise RunError("the device sends frames of another model")
            back.append(packet.frames.astype(np.int32))
        _told(reader, echo)
        if clock() > due:
            raise RunError(
                f"frame {sent.first + sum(map(len, back)):,} did not come back",
                hint="does the application have CONFIG_MLFORGE_REPLAY=y, and no sensor that feeds the model besides?",
                log=bytes(echo.text[-2000:]).decode(errors="replace"),
            )
    if not np.array_equal(np.concatenate(back), sent.frames):
        raise RunError(f"the device's features got other frames than were sent, from frame {sent.first:,} on")
    echo.frames += len(sent.frames)


def _told(reader: PacketReader, echo: Echo) -> None:
    echo.text += reader.text
    reader.text.clear()


def said(text: str, expected: list[str]) -> str:
    """The first expected text that does not occur behind those before it; empty where all do."""
    at = 0
    for each in expected:
        at = text.find(each, at)
        if at < 0:
            return each
        at += len(each)
    return ""
