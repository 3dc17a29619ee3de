"""ST's X-NUCLEO-LPM01A, the PowerShield (UM2269): text commands, then samples of two bytes.

A sample is big-endian: four bits of a negative exponent to the base 16, and twelve of a mantissa, in ampere. Between
samples stand messages: 0xF0, a kind, and the end 0xFF 0xFF. It has no input for the gate: bursts are found in the
current itself.
"""

from __future__ import annotations

import itertools
import time
from typing import Final

import numpy as np

from mlforge.errors import LineError, RunError
from mlforge.targets.probes.probe import Probe, Recording
from mlforge.targets.transport import Transport

RATE_HZ: Final = 10_000
MOST_A: Final = 0.06  # it measures up to 50 mA
_LEAST_V, _MOST_V = 1.8, 3.3
_MARK, _ERROR, _INFORMATION, _TIME, _END, _OVERCURRENT = 0xF0, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5
_CLOSING: Final = b"\xff\xff"
_TIME_BYTES: Final = 5  # milliseconds (4, big-endian), and how full its buffer is in percent
_FULL_PERCENT: Final = 100


class Lpm01a(Probe):
    """It feeds the board with `supply_v`."""

    name = "LPM01A"
    baud = 3_686_400

    def __init__(self, supply_v: float) -> None:
        """Raises RunError where it cannot give that voltage."""
        super().__init__(supply_v)
        if not _LEAST_V <= supply_v <= _MOST_V:
            raise RunError(f"LPM01A gives {_LEAST_V:g} to {_MOST_V:g} V, not {supply_v:g} V")

    def _set_up(self, line: Transport) -> None:
        for command in (
            "htc",  # the host takes control from the buttons
            "format bin_hexa",
            f"volt {round(self.supply_v * 1000)}m",
            f"freq {RATE_HZ // 1000}k",
            "acqmode dyn",
            "funcmode high",
            "acqtime inf",
            "pwr on",
        ):
            self._told(line, command)

    def _told(self, line: Transport, command: str) -> None:
        """Raises LineError where it does not answer, RunError where it refuses."""
        line.write(f"{command}\r\n".encode())
        heard, deadline = b"", time.monotonic() + self.answer_s
        while time.monotonic() < deadline and len(heard) < 1 << 16:
            heard += line.read(0.05)
            text = heard.decode("ascii", errors="replace")
            if f"ack {command}" in text:
                return
            if f"err {command.split()[0]}" in text and text.rstrip("> ").endswith("\n"):
                reason = text[text.index("err ") :].splitlines()[0]
                raise RunError(f"LPM01A refuses {command!r}: {reason}")
        raise LineError(f"LPM01A does not answer {command!r}", hint="is this its port?")

    def _begin(self, line: Transport) -> None:
        line.write(b"start\r\n")  # what it answers is part of what is decoded

    def _finish(self, line: Transport) -> None:
        line.write(b"stop\r\n")
        for _ in range(100):
            if not line.read(0.05):
                return
        raise LineError("LPM01A does not stop sending")

    def _decoded(self, data: bytes) -> Recording:
        return Recording(float(RATE_HZ), decode(data))


def decode(data: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """The currents in ampere, float64 [N], of a stream that may end anywhere.

    Raises:
        LineError: what stands there is no sample, or samples were lost.
        RunError: the meter reports too much current, or an error.
    """
    values: list[int] = []
    stamps: list[tuple[int, int]] = []  # samples so far, milliseconds
    at = _first(data)
    while at + 1 < len(data):
        if data[at] != _MARK:
            values.append(data[at] << 8 | data[at + 1])
            at += 2
            continue
        kind = data[at + 1]
        end = at + 2 + _TIME_BYTES if kind == _TIME else data.find(_CLOSING, at + 2)
        if end < 0 or end + 2 > len(data):
            break  # cut off by the end of the recording
        if data[end : end + 2] != _CLOSING:
            raise LineError("LPM01A: a message without its end: bytes were lost")
        message = data[at + 2 : end]
        _judge(kind, message)
        if kind == _TIME:
            stamps.append((len(values), int.from_bytes(message[:4], "big")))
        if kind == _END:
            break
        at = end + 2
    words = np.array(values, np.int64)
    current = (words & 0xFFF) * np.power(16.0, -(words >> 12).astype(np.float64))
    if not len(current):
        raise LineError("LPM01A sent no sample")
    if (current > MOST_A).any():
        raise LineError("LPM01A: samples of more than it can measure: the line garbles them")
    _complete(stamps)
    return np.asarray(current, np.float64)


def _first(data: bytes) -> int:
    """Where the samples begin: at the first time, behind the answer to `start`."""
    mark = data.find(bytes([_MARK, _TIME]))
    if mark < 0:
        told = data[:200].decode("ascii", errors="replace").strip()
        raise LineError(f"LPM01A sent nothing that is a recording: {told!r}")
    return mark


def _judge(kind: int, message: bytes) -> None:
    if kind == _OVERCURRENT:
        raise RunError("LPM01A: the current was beyond its range", hint="it measures up to 50 mA")
    if kind == _ERROR:
        raise RunError(f"LPM01A reports: {message.decode('ascii', errors='replace').strip()}")
    if kind == _TIME and message[4] >= _FULL_PERCENT:
        raise LineError("LPM01A: its buffer was full: samples were lost")
    if kind not in (_INFORMATION, _TIME, _END):
        raise LineError(f"LPM01A: an unknown message 0x{kind:02x}: the line garbles it")


def _complete(stamps: list[tuple[int, int]]) -> None:
    """Between two of its times as many samples as its rate says, to one in a hundred and one."""
    for (before, start_ms), (after, end_ms) in itertools.pairwise(stamps):
        wanted = (end_ms - start_ms) * RATE_HZ / 1000
        if abs(after - before - wanted) > 1 + wanted / 100:
            raise LineError(f"LPM01A: {after - before} samples where {wanted:.0f} were due: some were lost")
