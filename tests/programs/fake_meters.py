"""Power meters on a pseudo-terminal that speak their real protocols, with faults to order.

Their current is a square wave: asleep, then bursts, as the measuring firmware makes them; the PPK2 also plays the gate.
"""

from __future__ import annotations

import contextlib
import os
import select
import struct
import threading
import time
import tty
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

CALIBRATION: Final = (
    "Calibrated: 0\n"
    + "".join(f"R{i}: {ohm}\n" for i, ohm in enumerate((1000.0, 100.0, 10.0, 1.0, 0.05)))
    + "".join(f"{name}{i}: {value}\n" for name, value in (("GS", 0.0), ("GI", 1.0), ("O", 0.0)) for i in range(5))
    + "".join(f"{name}{i}: {value}\n" for name, value in (("S", 0.0), ("I", 0.0), ("UG", 1.0)) for i in range(5))
    + "VDD: 3000\nHW: 9173\nmode: 2\nIA: 60\nEND\n"
)
_VOLTS_PER_STEP: Final = 1.8 / 163_840 * 4


@dataclass
class Wave:
    """Bursts of `active_a` for `burst_s`, each between pauses of `sleep_a`; both drift by `drift_a_per_s`."""

    active_a: float = 5e-3
    sleep_a: float = 100e-6
    drift_a_per_s: float = 0.0
    repeats: int = 4
    burst_s: float = 0.05
    pause_s: float = 0.05

    def samples(self, rate_hz: float) -> tuple[np.ndarray, np.ndarray]:
        """Currents in ampere and the gate; a pause more at the end, as the host reacts late."""
        period = self.burst_s + self.pause_s
        at = np.arange(int((self.repeats * period + 2 * self.pause_s) * rate_hz)) / rate_hz
        gate = (at % period >= self.pause_s) & (at < self.repeats * period)
        return np.where(gate, self.active_a, self.sleep_a) + self.drift_a_per_s * at, gate


@dataclass
class Meter:
    """`garble` flips a bit of the sample with that number; `lose` leaves bytes out; `unplug` hangs up there."""

    wave: Wave = field(default_factory=Wave)
    garble: int = -1
    lose: tuple[int, int] = (0, 0)
    unplug: bool = False
    deaf: bool = False
    gate: bool = True
    commands: list[bytes] = field(default_factory=list)

    def stream(self) -> bytes:
        raise NotImplementedError

    def answer(self, heard: bytes) -> bytes | None:
        """To what has been heard since the last answer; None begins the recording."""
        raise NotImplementedError


class FakePpk2(Meter):
    def answer(self, heard: bytes) -> bytes | None:
        self.commands.append(heard)
        if heard.endswith(b"\x19"):
            return CALIBRATION.encode()
        return None if heard.endswith(b"\x06") else b""

    def stream(self) -> bytes:
        current, gate = self.wave.samples(100_000.0)
        shunts = np.array([1000.0, 100.0, 10.0, 1.0, 0.05])
        # A range holds up to about 160 mV over its shunt.
        scale = np.minimum((np.abs(current)[:, None] * shunts > 0.16).sum(axis=1), 4)
        steps = np.clip(np.round(current * shunts[scale] / _VOLTS_PER_STEP), 0, 0x3FFF).astype(np.int64)
        counter = np.arange(len(current)) % 64
        words = steps | scale << 14 | counter << 18 | (gate & self.gate).astype(np.int64) << 24
        return bytes(words.astype("<u4").tobytes())


class FakeLpm01a(Meter):
    def answer(self, heard: bytes) -> bytes | None:
        self.commands.append(heard)
        if heard.rstrip() == b"start":
            return None
        return b"\r\nPowerShield > ack " + heard.rstrip() + b"\r\n"

    def stream(self) -> bytes:
        current, _ = self.wave.samples(10_000.0)
        out = bytearray(b"PowerShield > ack start\r\n")
        for index, value in enumerate(current):
            if index % 1000 == 0:
                out += b"\xf0\xf3" + struct.pack(">IB", 17 + index // 10, 3) + b"\xff\xff"
            if value > 0.05:
                out += b"\xf0\xf5\xff\xff"
            exponent = max(power for power in range(16) if value * 16**power <= 0xFFF)
            out += struct.pack(">H", exponent << 12 | min(round(value * 16**exponent), 0xFFF))
        return bytes(out)


@contextlib.contextmanager
def plugged_in(meter: Meter) -> Iterator[Path]:
    """The port of the meter."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    path, ended = Path(os.ttyname(theirs)), threading.Event()
    thread = threading.Thread(target=_play, args=(meter, ours, theirs, ended), daemon=True)
    thread.start()
    try:
        yield path
    finally:
        ended.set()
        thread.join(5)
        for end in (ours, theirs):
            with contextlib.suppress(OSError):
                os.close(end)


def _play(meter: Meter, ours: int, theirs: int, ended: threading.Event) -> None:
    while not ended.is_set():
        if not select.select([ours], [], [], 0.05)[0]:
            continue
        heard = os.read(ours, 256)
        if meter.deaf:
            continue
        answer = meter.answer(heard)
        if answer is not None:
            os.write(ours, answer)
            continue
        data = bytearray(meter.stream())
        if meter.garble >= 0:
            data[meter.garble] ^= 0x40
        first, count = meter.lose
        del data[first : first + count]
        for start in range(0, len(data), 2048):
            if ended.is_set():
                return
            os.write(ours, data[start : start + 2048])
            if meter.unplug and start > len(data) // 2:
                os.close(theirs)
                os.close(ours)
                return
        time.sleep(0.01)
