"""The `log` stage: logarithms of powers or magnitudes. Its C half is runtime/features/log.c."""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from mlforge.contract.stages import LogScale, LogSpec
from mlforge.features.flow import Flow
from mlforge.features.stage import PlainStage, require

DB_PER_OCTAVE: Final = 10 * math.log10(2)  # of power
MAX_OCTAVES: Final = 256  # of a logarithm: 128 times it in Q16 fits into int32
VALUE_BITS: Final = 15  # of the results: the cosine transform's products then fit into int32


class LogTables(ctypes.Structure):
    """`struct mlforge_log`."""

    _fields_: ClassVar = [
        ("lowest", ctypes.c_int32),
        ("factor", ctypes.c_uint16),
        ("frac_bits", ctypes.c_int16),
        ("shift", ctypes.c_uint8),
        ("channels", ctypes.c_uint8),
        ("exponents", ctypes.c_uint8),
    ]


@dataclass(frozen=True, slots=True)
class Log(PlainStage):
    """log2(value) in Q16, times 2^7 * factor / 2^16 / 2^shift: of at least `lowest`, with `frac_bits` fraction bits."""

    factor: int
    shift: int
    lowest: int
    frac_bits: int

    template: ClassVar[str] = "log.c.j2"
    function: ClassVar[str] = "mlforge_log_process"
    in_place: ClassVar[bool] = True

    def output(self, flow: Flow) -> Flow:
        require(flow.low >= 0, "log", "it takes powers or magnitudes")
        require(flow.channels <= 255, "log", f"{flow.channels} channels")
        least = (flow.exponents[0] if flow.exponents else 0) - flow.frac_bits
        require(-MAX_OCTAVES < least <= _highest(flow) < MAX_OCTAVES, "log", "its values are out of reach")
        require(2**14 <= self.factor < 2**15 and 1 <= self.shift <= 30, "log", "its factor is damaged")
        top = math.ceil(_highest(flow) * self.factor * 2.0 ** (7 - self.shift)) + 1
        require(-(2**VALUE_BITS) <= self.lowest <= top <= 2**VALUE_BITS, "log", "its values are out of reach")
        return replace(flow, frac_bits=self.frac_bits, low=self.lowest, high=top, exponents=None)

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        return LogTables(
            self.lowest, self.factor, flow.frac_bits, self.shift, flow.channels, int(flow.exponents is not None)
        )


def make_log(spec: LogSpec, flow: Flow) -> Log:
    """Values have as many fraction bits as leave room for all that the flow can hold, within 16 bits."""
    per_octave = 1.0 if spec.scale is LogScale.LOG2 else DB_PER_OCTAVE * 2 / flow.degree
    floor = max(math.log2(spec.floor) if spec.floor else flow.grain, flow.grain) * per_octave
    top = _highest(flow) * per_octave
    bits = VALUE_BITS - math.frexp(max(abs(floor), abs(top), 1.0))[1]
    # per_octave * 2^bits / 2^16 (of the logarithm) = 2^7 * factor / 2^16 / 2^shift
    mantissa, exponent = math.frexp(per_octave * 2.0**bits / 2**7)
    factor = min(2**15 - 1, round(mantissa * 2**15))
    return Log(factor, 15 - exponent, round(math.ldexp(floor, bits)), bits)


def _highest(flow: Flow) -> int:
    """log2 of what no value reaches: 31 bits with the highest exponent."""
    return 31 + (flow.exponents[1] if flow.exponents else 0) - flow.frac_bits
