"""The `rr` stage: times between heart beats. Its C half is runtime/features/beats.c.

Statistics as in: Task Force of the European Society of Cardiology, Heart rate variability, Circulation 93 (1996).
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from mlforge.contract.stages_spectrum import Rr, RrSpec
from mlforge.errors import DataError
from mlforge.features.flow import Element, Flow
from mlforge.features.stage import PlainStage, array, require
from mlforge.features.unit import Unit, UnitTables, room_bits, unit

MAX_LENGTH: Final = 1 << 16
THRESHOLD_BITS: Final = 15
_ORDER: Final = tuple(Rr)


class BeatsTables(ctypes.Structure):
    """`struct mlforge_beats`."""

    _fields_: ClassVar = [
        ("what", ctypes.POINTER(ctypes.c_uint8)),
        ("sample", UnitTables),
        ("length", ctypes.c_uint32),
        ("refractory", ctypes.c_uint32),
        ("threshold", ctypes.c_uint16),
        ("channels", ctypes.c_uint16),
        ("count", ctypes.c_uint8),
        ("samples", ctypes.c_uint8),
        ("bits", ctypes.c_int8),
    ]


@dataclass(frozen=True, slots=True)
class Beats(PlainStage):
    """In seconds, of which a sample is `sample`; 0 with fewer than two times between beats."""

    what: tuple[Rr, ...]
    length: int
    refractory: int
    threshold: int  # Q15
    sample: Unit

    template: ClassVar[str] = "beats.c.j2"
    function: ClassVar[str] = "mlforge_beats_process"

    def output(self, flow: Flow) -> Flow:
        require(flow.rows == self.length <= MAX_LENGTH, "rr", f"{flow.rows} samples")
        require(flow.element is not Element.INT8 and flow.exponents is None, "rr", "it takes int16 or int32")
        sound = (
            1 <= len(self.what) <= 255
            and 1 <= self.refractory <= MAX_LENGTH
            and 0 < self.threshold <= 2**THRESHOLD_BITS
            and self.sample.sound
        )
        require(sound, "rr", "its tables are damaged")
        return replace(flow, rows=len(self.what), element=Element.INT32, frac_bits=self.bits, low=0, high=2**30)

    @property
    def bits(self) -> int:
        return room_bits(self.sample.value * self.length)

    @property
    def codes(self) -> tuple[int, ...]:
        return tuple(_ORDER.index(one) for one in self.what)

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        return BeatsTables(
            array(ctypes.c_uint8, self.codes),
            self.sample.native,
            self.length,
            self.refractory,
            self.threshold,
            flow.channels,
            len(self.what),
            int(flow.element is Element.INT16),
            self.bits,
        )


def make_beats(spec: RrSpec, flow: Flow) -> Beats:
    """Raises DataError where the rate is unknown."""
    rate_hz = float(flow.sample_rate)
    if rate_hz == 0:
        raise DataError("`rr` needs the signal's rate", hint="add data.signal: {rate: 360 Hz}")
    threshold = max(1, round(spec.threshold * 2**THRESHOLD_BITS))
    return Beats(spec.of, flow.rows, spec.refractory, threshold, unit(1 / rate_hz))
