"""The `level` stage: values with exponents to one fixed point. No contract names it; it stands where powers leave the
spectral stages without a logarithm. Its C half is runtime/features/level.c."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, replace
from typing import ClassVar

from mlforge.features.flow import INT32_RANGE, Flow
from mlforge.features.stage import PlainStage, require


class LevelTables(ctypes.Structure):
    """`struct mlforge_level`."""

    _fields_: ClassVar = [("shift", ctypes.c_int16), ("channels", ctypes.c_uint8)]


@dataclass(frozen=True, slots=True)
class Level(PlainStage):
    """value * 2^exponent with `frac_bits` fraction bits, rounded down, saturated."""

    frac_bits: int

    template: ClassVar[str] = "level.c.j2"
    function: ClassVar[str] = "mlforge_level_process"
    in_place: ClassVar[bool] = True

    def output(self, flow: Flow) -> Flow:
        require(flow.exponents is not None and flow.channels <= 255, "level", "it takes values with exponents")
        require(abs(self.frac_bits) < 2**13 and abs(flow.frac_bits) < 2**13, "level", "its fixed point is out of reach")
        low, high = INT32_RANGE
        return replace(flow, frac_bits=self.frac_bits, low=0 if flow.low >= 0 else low, high=high, exponents=None)

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        return LevelTables(self.frac_bits - flow.frac_bits, flow.channels)
