"""The stages `resample` and `decimate`: a low-pass, computed only where its output is kept. C half: resample.c.

Both filters are sincs with their edge at half the new rate: under a Hamming window for `decimate` (scipy's
firwin(taps, 1 / factor)), and under a Kaiser window for 65 dB for `resample` (Kaiser 1974; Oppenheim and Schafer,
Discrete-Time Signal Processing, 7.5.3), in polyphase form (Crochiere and Rabiner 1983, 3.3).
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar, Final

import numpy as np

from mlforge.contract.stages_signal import MAX_PHASE_TAPS, DecimateSpec, ResampleSpec
from mlforge.features.flow import Element, Flow
from mlforge.features.stage import PlainStage, array, require, require_signal, scaled_down

MAX_RATIO: Final = 1 << 20  # of `down`: runtime/ counts time in 32 bits
MAX_TAPS: Final = 4095
GUARD_BITS: Final = 8  # more fraction bits than samples have, where there is room
Q15: Final = 1 << 15
STOPBAND_DB: Final = 65.0  # 60 are promised: taps have 16 bits
KAISER_BETA: Final = 0.1102 * (STOPBAND_DB - 8.7)


class ResampleTables(ctypes.Structure):
    """`struct mlforge_resample`."""

    _fields_: ClassVar = [
        ("taps", ctypes.POINTER(ctypes.c_int16)),
        ("length", ctypes.c_uint32),
        ("up", ctypes.c_uint32),
        ("down", ctypes.c_uint32),
        ("shift", ctypes.c_uint8),
        ("samples", ctypes.c_uint8),
        ("channels", ctypes.c_uint16),
    ]


@dataclass(frozen=True, slots=True)
class Resample(PlainStage):
    """`up` samples for each `down` of the signal.

    `taps`: Q15 [(up + 1) / 2][length], the first half of the phases, each with the oldest sample's tap first, and a sum
    of exactly 1; phase up - 1 - p is phase p, backwards. Output m is that of the filter (length * up) / 2 units of
    1 / up of a sample ago, and comes with sample ceil(m * down / up).
    """

    up: int
    down: int
    taps: tuple[int, ...]

    template: ClassVar[str] = "resample.c.j2"
    function: ClassVar[str] = "mlforge_resample_process"
    wants: ClassVar[str] = "mlforge_resample_wants"
    reset: ClassVar[str] = "mlforge_resample_reset"

    @property
    def length(self) -> int:
        """Taps of a phase."""
        return len(self.taps) // self._phases

    @property
    def _phases(self) -> int:
        return (self.up + 1) // 2

    def output(self, flow: Flow) -> Flow:
        require_signal(flow, "resample")
        sound = (
            1 <= self.up < self.down <= MAX_RATIO
            and math.gcd(self.up, self.down) == 1
            and len(self.taps) == self._phases * self.length
            and 1 <= self.length <= MAX_TAPS
            and all(-Q15 <= tap < Q15 for tap in self.taps)
            and (self.up % 2 == 0 or self.taps[-self.length :] == self.taps[-self.length :][::-1])
        )
        require(sound, "resample", f"{self.up} samples for {self.down} with {len(self.taps)} taps")
        # Behind another stage that keeps some samples only, its outputs would not come after so many frames each.
        require(self.up == 1 or flow.span == flow.hop == 1, "resample", "it takes the signal at its own rate")
        shift = self.shift(flow)
        largest = scaled_down(self._bound(flow), shift)
        ratio = Fraction(self.down, self.up)
        return replace(
            flow,
            element=Element.INT32,
            frac_bits=flow.frac_bits + 15 - shift,
            low=-largest,
            high=largest,
            rate=flow.rate / ratio,
            span=flow.span + (ratio - 1) * flow.hop,
            hop=flow.hop * ratio,
            step=flow.step * ratio,
        )

    def _bound(self, flow: Flow) -> int:
        largest = max(abs(flow.low), abs(flow.high))
        starts = range(0, len(self.taps), self.length)
        return max(sum(map(abs, self.taps[start : start + self.length])) for start in starts) * largest

    def shift(self, flow: Flow) -> int:
        return next(shift for shift in range(15 - GUARD_BITS, 64) if scaled_down(self._bound(flow), shift) < 2**31)

    def state_bytes(self, flow: Flow) -> int:
        return 12 + self.length * flow.size_bytes

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        return ResampleTables(
            array(ctypes.c_int16, self.taps),
            self.length,
            self.up,
            self.down,
            self.shift(flow),
            int(flow.element is Element.INT16),
            flow.channels,
        )


def make_decimate(spec: DecimateSpec, flow: Flow) -> Resample:
    real = np.sinc((np.arange(spec.taps) - (spec.taps - 1) / 2) / spec.factor) * np.hamming(spec.taps)
    return Resample(1, spec.factor, _rounded([float(value) for value in real]))


def make_resample(spec: ResampleSpec, flow: Flow) -> Resample:
    require(spec.up * spec.taps <= MAX_PHASE_TAPS, "resample", f"{spec.up} phases of {spec.taps} taps")
    real = prototype(spec)
    taps: list[int] = []
    for phase in range((spec.up + 1) // 2):
        taps += _rounded([float(value) for value in real[phase :: spec.up][::-1]])
    return Resample(spec.up, spec.down, tuple(taps))


def prototype(spec: ResampleSpec) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The low-pass at `up` times the signal's rate, float64 [up * taps], symmetric; each phase is scaled to a sum of 1
    when it is rounded."""
    length = spec.up * spec.taps
    middle = (length - 1) / 2
    return np.sinc((np.arange(length) - middle) / spec.down) * np.kaiser(length, KAISER_BETA)


def _rounded(real: Sequence[float]) -> tuple[int, ...]:
    """Q15, of a sum of exactly 1: the largest taps take what rounding leaves over, so that symmetry stays."""
    scale = Q15 / math.fsum(real)
    taps = [round(scale * value) for value in real]
    rest = Q15 - sum(taps)
    middle = len(taps) // 2
    if len(taps) % 2 or rest % 2:
        taps[middle] += rest
    else:
        taps[middle] += rest // 2
        taps[middle - 1] += rest // 2
    return tuple(min(Q15 - 1, tap) for tap in taps)
