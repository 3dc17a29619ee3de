"""Nordic's Power Profiler Kit II: 100,000 samples a second, with eight logic inputs, of which D0 is the gate.

Commands are single bytes with arguments; a sample is 32 bits, little-endian: the converter's value (14 bits), its range
(3), a counter (6, from bit 18) and the logic inputs (8, from bit 24). The calibration is text that ends in "END". Our
own code, and not the package ppk2-api: that is under the GPL, and hides that a meter was unplugged.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import LineError, RunError
from mlforge.targets.probes.probe import Probe, Recording
from mlforge.targets.transport import Transport

RATE_HZ: Final = 100_000.0
_AVERAGE_START, _AVERAGE_STOP = 0x06, 0x07
_POWER, _REGULATOR, _MODE, _CALIBRATION = 0x0C, 0x0D, 0x11, 0x19
_SOURCE: Final = 2
_LEAST_MV, _MOST_MV = 800, 5_000
_RANGES: Final = 5
_FULL: Final = 0x3FFF
_MOST_A: Final = 1.0
_VOLTS_PER_STEP: Final = 1.8 / 163_840  # the converter's reference, over its steps and amplification
_SETTLING: Final = 3  # samples after a change of range
_PAIR: Final = re.compile(r"(GS|GI|UG|R|O|S|I)([0-4]): (-?[0-9.]+(?:e-?\d+)?)", re.IGNORECASE)


@dataclass(slots=True)
class Calibration:
    """By range: shunts in ohm and corrections. What a meter does not tell has the data sheet's value."""

    of: dict[str, list[float]] = field(
        default_factory=lambda: {
            "R": [1031.64, 101.65, 10.15, 0.94, 0.043],
            "GS": [1.0] * _RANGES,
            "GI": [1.0] * _RANGES,
            "O": [0.0] * _RANGES,
            "S": [0.0] * _RANGES,
            "I": [0.0] * _RANGES,
            "UG": [1.0] * _RANGES,
        }
    )


class Ppk2(Probe):
    """As a source: it feeds the board with `supply_v`."""

    name = "PPK2"

    def __init__(self, supply_v: float) -> None:
        """Raises RunError where it cannot give that voltage."""
        super().__init__(supply_v)
        if not _LEAST_MV <= round(supply_v * 1000) <= _MOST_MV:
            raise RunError(f"PPK2 gives 0.8 to 5 V, not {supply_v:g} V")
        self._calibration = Calibration()

    def _set_up(self, line: Transport) -> None:
        line.write(bytes([_AVERAGE_STOP]))  # it may still send what somebody began
        _drained(line)
        line.write(bytes([_CALIBRATION]))
        self._calibration = read_calibration(_text(line, self.answer_s))
        # 800 mV are the bytes 3 and 32; each further mV counts one.
        steps = round(self.supply_v * 1000) - _LEAST_MV + 32
        line.write(bytes([_MODE, _SOURCE]))
        line.write(bytes([_REGULATOR, 3 + steps // 256, steps % 256]))
        line.write(bytes([_POWER, 1]))

    def _begin(self, line: Transport) -> None:
        line.write(bytes([_AVERAGE_START]))

    def _finish(self, line: Transport) -> None:
        line.write(bytes([_AVERAGE_STOP]))
        _drained(line)

    def _decoded(self, data: bytes) -> Recording:
        words = np.frombuffer(data[: len(data) // 4 * 4], "<u4").astype(np.int64)
        if not len(words):
            raise LineError("PPK2 sent no sample")
        steps = np.diff((words >> 18) & 0x3F) % 64
        if (steps != 1).any():
            lost = int(np.count_nonzero(steps != 1))
            raise LineError(f"PPK2: the counter of its samples jumps {lost} times: some were lost, or garbled")
        value, scale = words & _FULL, np.minimum((words >> 14) & 0x7, _RANGES - 1)
        if ((value == _FULL) & (scale == _RANGES - 1)).any():
            raise _too_much()
        current = self._settled(self._amperes(value, scale), scale)
        if (current > _MOST_A).any():
            raise _too_much()
        return Recording(RATE_HZ, current, ((words >> 24) & 1).astype(np.bool_))

    def _amperes(self, value: NDArray[np.int64], scale: NDArray[np.int64]) -> NDArray[np.float64]:
        by = {name: np.array(values)[scale] for name, values in self._calibration.of.items()}
        plain = (value * 4 - by["O"]) * _VOLTS_PER_STEP / by["R"]
        corrected = plain * (by["GS"] * plain + by["GI"]) + by["S"] * self.supply_v + by["I"]
        return np.asarray(by["UG"] * corrected, np.float64)

    def _settled(self, current: NDArray[np.float64], scale: NDArray[np.int64]) -> NDArray[np.float64]:
        """Without the spikes of a range that has just been switched to: the next settled sample stands for them."""
        changed = np.flatnonzero(np.diff(scale)) + 1
        settled = np.ones(len(current), np.bool_)
        for later in range(_SETTLING):
            settled[np.minimum(changed + later, len(current) - 1)] = False
        if not settled.any():
            raise RunError("PPK2 changes its range with each sample: is the board's supply stable?")
        index = np.where(settled, np.arange(len(current)), len(current))
        following = np.minimum.accumulate(index[::-1])[::-1]
        last = int(np.flatnonzero(settled)[-1])
        return current[np.where(following == len(current), last, following)]


def _too_much() -> RunError:
    return RunError("PPK2: the current was beyond its range", hint=f"it measures up to {_MOST_A:g} A")


def read_calibration(text: str) -> Calibration:
    """Raises LineError where it is no meter's."""
    calibration = Calibration()
    found = _PAIR.findall(text)
    if "END" not in text or len(found) < _RANGES:
        raise LineError("what answers on this port is no PPK2", hint="it has two ports: try the other one")
    for name, scale, value in found:
        number = float(value)
        if name != "R" or number > 0:  # some meters tell 0 for a shunt
            calibration.of[name.upper()][int(scale)] = number
    return calibration


def _text(line: Transport, timeout_s: float) -> str:
    heard, deadline = b"", time.monotonic() + timeout_s
    while b"END" not in heard and time.monotonic() < deadline and len(heard) < 1 << 16:
        heard += line.read(0.1)
    return heard.decode("ascii", errors="replace")


def _drained(line: Transport) -> None:
    for _ in range(50):
        if not line.read(0.05):
            return
    raise LineError("PPK2 does not stop sending")
