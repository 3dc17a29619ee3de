"""Factors of a unit, such as the Hz of a bin, as 32 bits and an exponent: `struct mlforge_unit`."""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass
from typing import ClassVar


class UnitTables(ctypes.Structure):
    """`struct mlforge_unit`."""

    _fields_: ClassVar = [("mantissa", ctypes.c_uint32), ("exponent", ctypes.c_int16)]


@dataclass(frozen=True, slots=True)
class Unit:
    """mantissa * 2^exponent, the mantissa from 2^31 to 2^32 - 1."""

    mantissa: int
    exponent: int

    @property
    def sound(self) -> bool:
        return 2**31 <= self.mantissa < 2**32 and -128 <= self.exponent <= 128

    @property
    def value(self) -> float:
        return math.ldexp(self.mantissa, self.exponent)

    @property
    def native(self) -> UnitTables:
        return UnitTables(self.mantissa, self.exponent)


def unit(value: float) -> Unit:
    """The nearest one to a positive number."""
    mantissa, exponent = math.frexp(value)
    whole = round(math.ldexp(mantissa, 32))
    return Unit(whole, exponent - 32) if whole < 2**32 else Unit(2**31, exponent - 31)


def room_bits(largest: float) -> int:
    """Fraction bits with which values up to `largest` have 30 bits."""
    return 30 - math.frexp(largest)[1]
