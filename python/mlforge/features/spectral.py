"""The `spectral` and `peaks` stages: frequencies that describe a spectrum. Their C halves are
runtime/features/spectrum_shape.c and spectrum_peaks.c."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from mlforge.contract.stages import LogSpec
from mlforge.contract.stages_spectrum import PeaksSpec, Shape, SpectralSpec
from mlforge.features.bands import bin_hz
from mlforge.features.flow import INT32_RANGE, Flow
from mlforge.features.log import Log, LogTables, make_log
from mlforge.features.stage import PlainStage, array, require, require_int32
from mlforge.features.unit import Unit, UnitTables, room_bits, unit

MOST_BINS: Final = 1025  # what the C code has room for in its sums
MOST_PEAKS: Final = 16
_ORDER: Final = tuple(Shape)


class SpectralTables(ctypes.Structure):
    """`struct mlforge_spectral`."""

    _fields_: ClassVar = [
        ("what", ctypes.POINTER(ctypes.c_uint8)),
        ("bin", UnitTables),
        ("bins", ctypes.c_uint16),
        ("count", ctypes.c_uint8),
        ("channels", ctypes.c_uint8),
        ("bits", ctypes.c_int8),
    ]


def _require_spectrum(flow: Flow, stage: str) -> None:
    require(flow.low >= 0 and flow.channels <= 255, stage, "it takes powers or magnitudes")
    require(flow.rows <= MOST_BINS, stage, f"{flow.rows} bins: at most {MOST_BINS}")
    if flow.exponents is None:
        require_int32(flow, stage)


@dataclass(frozen=True, slots=True)
class Spectral(PlainStage):
    """In Hz, of which a bin is `bin`; 0 in silence."""

    what: tuple[Shape, ...]
    bin: Unit

    template: ClassVar[str] = "spectral.c.j2"
    function: ClassVar[str] = "mlforge_spectral_process"

    def output(self, flow: Flow) -> Flow:
        _require_spectrum(flow, "spectral")
        require(1 <= len(self.what) <= 255 and self.bin.sound, "spectral", "its tables are damaged")
        bits = self.bits(flow)
        made = replace(flow, rows=len(self.what), frac_bits=bits, low=0, high=2**30, exponents=None)
        return replace(made, degree=1, grain=-bits)

    def bits(self, flow: Flow) -> int:
        return room_bits(self.bin.value * (flow.rows - 1))

    @property
    def codes(self) -> tuple[int, ...]:
        return tuple(_ORDER.index(one) for one in self.what)

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        what = array(ctypes.c_uint8, self.codes)
        return SpectralTables(what, self.bin.native, flow.rows, len(self.what), flow.channels, self.bits(flow))


def make_spectral(spec: SpectralSpec, flow: Flow) -> Spectral:
    return Spectral(spec.of, unit(bin_hz(flow, "spectral")))


class PeaksTables(ctypes.Structure):
    """`struct mlforge_peaks`."""

    _fields_: ClassVar = [
        ("log", LogTables),
        ("bin", UnitTables),
        ("bins", ctypes.c_uint16),
        ("count", ctypes.c_uint8),
        ("bits", ctypes.c_int8),
    ]


@dataclass(frozen=True, slots=True)
class Peaks(PlainStage):
    """Rows are frequency and level of each peak, in Hz and dB, each with a fixed point of its own."""

    count: int
    bin: Unit
    log: Log

    template: ClassVar[str] = "peaks.c.j2"
    function: ClassVar[str] = "mlforge_peaks_process"

    def output(self, flow: Flow) -> Flow:
        _require_spectrum(flow, "peaks")
        require(1 <= self.count <= MOST_PEAKS and self.bin.sound, "peaks", f"{self.count} peaks: at most {MOST_PEAKS}")
        self.log.output(flow)
        low, high = INT32_RANGE
        bits = self.bits(flow)
        made = replace(flow, rows=2 * self.count, frac_bits=bits, low=low, high=high, exponents=None, degree=1)
        return replace(made, row_bits=(0, self.log.frac_bits - bits) * self.count)

    def bits(self, flow: Flow) -> int:
        return room_bits(self.bin.value * (flow.rows - 1))

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        return PeaksTables(self.log.native_tables(flow), self.bin.native, flow.rows, self.count, self.bits(flow))


def make_peaks(spec: PeaksSpec, flow: Flow) -> Peaks:
    return Peaks(spec.count, unit(bin_hz(flow, "peaks")), make_log(LogSpec(), flow))
