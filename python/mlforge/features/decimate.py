"""The `decimate` stage: a low-pass, and every factor-th sample of it. Its C half is runtime/features/decimate.c.

The low-pass is a sinc with its edge at half the new rate, under a Hamming window: scipy's firwin(taps, 1 / factor).
"""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from mlforge.contract.stages_signal import DecimateSpec
from mlforge.features.flow import Element, Flow
from mlforge.features.stage import PlainStage, array, require, require_signal, scaled_down

MAX_FACTOR: Final = 1000
MAX_TAPS: Final = 4095
GUARD_BITS: Final = 8  # more fraction bits than samples have, where there is room
Q15: Final = 1 << 15


class DecimateTables(ctypes.Structure):
    """`struct mlforge_decimate`."""

    _fields_: ClassVar = [
        ("taps", ctypes.POINTER(ctypes.c_int16)),
        ("length", ctypes.c_uint32),
        ("factor", ctypes.c_uint32),
        ("shift", ctypes.c_uint8),
        ("samples", ctypes.c_uint8),
        ("channels", ctypes.c_uint16),
    ]


@dataclass(frozen=True, slots=True)
class Decimate(PlainStage):
    """The first output comes with sample `factor`, delayed by half the taps; `taps` in Q15, their sum is exactly 1."""

    factor: int
    taps: tuple[int, ...]

    template: ClassVar[str] = "decimate.c.j2"
    function: ClassVar[str] = "mlforge_decimate_process"
    wants: ClassVar[str] = "mlforge_decimate_wants"
    reset: ClassVar[str] = "mlforge_decimate_reset"

    def output(self, flow: Flow) -> Flow:
        require_signal(flow, "decimate")
        sound = (
            2 <= self.factor <= MAX_FACTOR
            and 1 <= len(self.taps) <= MAX_TAPS
            and all(-Q15 <= tap < Q15 for tap in self.taps)
            and self.taps == self.taps[::-1]
        )
        require(sound, "decimate", f"a factor of {self.factor} with {len(self.taps)} taps")
        shift = self.shift(flow)
        largest = scaled_down(self._bound(flow), shift)
        return replace(
            flow,
            element=Element.INT32,
            frac_bits=flow.frac_bits + 15 - shift,
            low=-largest,
            high=largest,
            rate=flow.rate / self.factor,
            span=flow.span + (self.factor - 1) * flow.hop,
            hop=flow.hop * self.factor,
            step=flow.step * self.factor,
        )

    def _bound(self, flow: Flow) -> int:
        return sum(map(abs, self.taps)) * max(abs(flow.low), abs(flow.high))

    def shift(self, flow: Flow) -> int:
        return next(shift for shift in range(15 - GUARD_BITS, 64) if scaled_down(self._bound(flow), shift) < 2**31)

    def state_bytes(self, flow: Flow) -> int:
        return 12 + len(self.taps) * flow.size_bytes

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        return DecimateTables(
            array(ctypes.c_int16, self.taps),
            len(self.taps),
            self.factor,
            self.shift(flow),
            int(flow.element is Element.INT16),
            flow.channels,
        )


def make_decimate(spec: DecimateSpec, flow: Flow) -> Decimate:
    middle = (spec.taps - 1) / 2
    real = [_sinc((n - middle) / spec.factor) * _hamming(n, spec.taps) for n in range(spec.taps)]
    rounded = [round(Q15 * value / math.fsum(real)) for value in real]
    rounded[spec.taps // 2] += Q15 - sum(rounded)
    return Decimate(spec.factor, tuple(rounded))


def _sinc(x: float) -> float:
    return 1.0 if x == 0 else math.sin(math.pi * x) / (math.pi * x)


def _hamming(n: int, length: int) -> float:
    return 0.54 - 0.46 * math.cos(2 * math.pi * n / (length - 1))
