"""The `dct` stage: cosine transform, type II, orthonormal, as scipy's `dct(norm="ortho")`. C half: dct.c."""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from mlforge.contract.stages import DctSpec
from mlforge.errors import DataError
from mlforge.features.flow import Flow
from mlforge.features.stage import PlainStage, array, require, require_int32

MAX_LENGTH: Final = 1 << 12
GUARD_BITS: Final = 3  # more fraction bits than the values have


class DctTables(ctypes.Structure):
    """`struct mlforge_dct`."""

    _fields_: ClassVar = [
        ("factors", ctypes.POINTER(ctypes.c_int16)),
        ("length", ctypes.c_uint16),
        ("coefficients", ctypes.c_uint16),
        ("channels", ctypes.c_uint8),
        ("shift", ctypes.c_uint8),
    ]


@dataclass(frozen=True, slots=True)
class Dct(PlainStage):
    """The first `coefficients` of `length` values: y[k] = a[k] sum of x[n] cos(pi k (2n + 1) / (2 length)), a[0] =
    sqrt(1 / length), else sqrt(2 / length)."""

    length: int
    coefficients: int

    template: ClassVar[str] = "dct.c.j2"
    function: ClassVar[str] = "mlforge_dct_process"

    shift: ClassVar[int] = 15 - GUARD_BITS

    def output(self, flow: Flow) -> Flow:
        require_int32(flow, "dct")
        require(flow.rows == self.length <= MAX_LENGTH and flow.channels <= 255, "dct", f"{flow.rows} values")
        require(1 <= self.coefficients <= self.length, "dct", f"{self.coefficients} coefficients of {self.length}")
        require(-(2**15) <= flow.low <= flow.high <= 2**15, "dct", "it takes values of 16 bits, such as logarithms")
        largest = math.ceil(max(abs(flow.low), abs(flow.high)) * math.sqrt(self.length) * 2**GUARD_BITS) + self.length
        bits = flow.frac_bits + GUARD_BITS
        return replace(flow, rows=self.coefficients, frac_bits=bits, low=-largest, high=largest)

    @property
    def factors(self) -> tuple[int, ...]:
        """Q15 [coefficients][(length + 1) / 2]."""
        half = (self.length + 1) // 2
        return tuple(_factor(k, n, self.length) for k in range(self.coefficients) for n in range(half))

    def work_bytes(self, flow: Flow) -> int:
        return 4 * (self.length + 1)

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        factors = array(ctypes.c_int16, self.factors)
        return DctTables(factors, self.length, self.coefficients, flow.channels, self.shift)


def make_dct(spec: DctSpec, flow: Flow) -> Dct:
    """Raises DataError for more coefficients than values."""
    if spec.coefficients > flow.rows:
        raise DataError(f"{spec.coefficients} coefficients of {flow.rows} values")
    return Dct(flow.rows, spec.coefficients)


def _factor(k: int, n: int, length: int) -> int:
    scale = math.sqrt((1 if k == 0 else 2) / length)
    return min(32767, round(32768 * scale * math.cos(math.pi * k * (2 * n + 1) / (2 * length))))
