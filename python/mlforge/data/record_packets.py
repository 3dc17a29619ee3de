"""Packets of raw frames as a device sends them (zephyr/include/mlforge/record.h), found in all that a line brings."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

MAGIC: Final = b"MFR1"
_HEADER: Final = struct.Struct("<BbHIHHI")  # behind the magic
_CRC_BYTES: Final = 4
_TYPES: Final[dict[int, np.dtype[Any]]] = {0: np.dtype("<i4"), 1: np.dtype("<i2")}
MAX_CHANNELS: Final = 4096
MAX_FRAME_BYTES: Final = 1 << 16  # of one packet


@dataclass(frozen=True, slots=True, eq=False)
class Packet:
    """`frames` int16 or int32 [count, channels], each value * 2^frac_bits; `first` counts frames since the boot.
    `model` is the CRC-32 of the model's name."""

    frames: NDArray[Any]
    first: int
    frac_bits: int
    model: int

    def encoded(self) -> bytes:
        count, channels = self.frames.shape
        kind = 1 if self.frames.dtype.itemsize == 2 else 0
        head = _HEADER.pack(kind, self.frac_bits, channels, self.first, count, 0, self.model)
        body = head + self.frames.astype(_TYPES[kind]).tobytes()
        return MAGIC + body + zlib.crc32(body).to_bytes(_CRC_BYTES, "little")


def model_id(name: str) -> int:
    return zlib.crc32(name.encode("ascii"))


@dataclass(slots=True)
class PacketReader:
    """Takes bytes as they come. `text` gathers what is no packet; `damaged` counts beginnings of packets whose check or
    header is wrong."""

    text: bytearray = field(default_factory=bytearray)
    damaged: int = 0
    _pending: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> list[Packet]:
        """The packets that are complete now, in their order."""
        self._pending += data
        found: list[Packet] = []
        while (start := self._pending.find(MAGIC)) >= 0:
            self._pass(start)
            packet, used = self._packet()
            if used == 0:
                return found  # to be continued
            if packet is None:
                self.damaged += 1
            else:
                found.append(packet)
            del self._pending[:used]
        self._pass(max(0, len(self._pending) - len(MAGIC) + 1))
        return found

    def _pass(self, count: int) -> None:
        self.text += self._pending[:count]
        del self._pending[:count]

    def _packet(self) -> tuple[Packet | None, int]:
        """The packet that the pending bytes begin with, and its bytes; no bytes where it is not complete. A damaged one
        takes its magic alone: what follows is looked through again."""
        start = len(MAGIC)
        if len(self._pending) < start + _HEADER.size:
            return None, 0
        kind, frac_bits, channels, first, count, zero, model = _HEADER.unpack_from(self._pending, start)
        element = _TYPES.get(kind)
        if element is None or zero or not 0 < channels <= MAX_CHANNELS or not count:
            return None, start
        size = count * channels * element.itemsize
        if size > MAX_FRAME_BYTES:
            return None, start
        end = start + _HEADER.size + size
        if len(self._pending) < end + _CRC_BYTES:
            return None, 0
        body = bytes(self._pending[start:end])
        if zlib.crc32(body) != int.from_bytes(self._pending[end : end + _CRC_BYTES], "little"):
            return None, start
        frames = np.frombuffer(body, element, offset=_HEADER.size).reshape(count, channels)
        return Packet(frames, first, frac_bits, model), end + _CRC_BYTES
