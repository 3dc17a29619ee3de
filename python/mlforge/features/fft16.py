"""The `fft` stage with `bits: 16`: half the memory of `fft.py`, less exact. Its C half is runtime/features/fft16*.c.

A block of int16 has one exponent (Oppenheim and Weinstein 1972): what a pass leaves free, the next one shifts out.
"""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from mlforge.contract.stages import Spectrum, Taper
from mlforge.features.fft import SIZES, Fft, first_radix, passes_behind, taper_table
from mlforge.features.flow import Element, Flow
from mlforge.features.stage import PlainStage, array, require

Q14: Final = 1 << 14
MOST_LEFT: Final = 4  # bits that a block is brought up by at once: MLFORGE_FFT16_MOST_LEFT
MOST_BITS: Final = 30  # of a power


class Fft16Tables(ctypes.Structure):
    """`struct mlforge_fft16`."""

    _fields_: ClassVar = [
        ("taper", ctypes.POINTER(ctypes.c_uint16)),
        ("rotations", ctypes.POINTER(ctypes.c_uint32)),
        ("factors", ctypes.POINTER(ctypes.c_uint32)),
        ("length", ctypes.c_uint32),
        ("size", ctypes.c_uint16),
        ("first", ctypes.c_uint8),
        ("channels", ctypes.c_uint8),
        ("most", ctypes.c_int8),
    ]


@dataclass(frozen=True, slots=True)
class Fft16(PlainStage):
    """Of blocks of `length` samples a channel, to size / 2 + 1 bins."""

    size: int
    length: int
    taper: Taper
    spectrum: Spectrum

    template: ClassVar[str] = "fft16.c.j2"
    works_in_output: ClassVar[bool] = True
    in_place: ClassVar[bool] = True

    def process(self, flow: Flow) -> str:
        """A function for each type of samples and of results: the others are not linked."""
        samples = "int16" if flow.element is Element.INT16 else "int32"
        return f"mlforge_fft16_process_{samples}_{self.spectrum.value}"

    def output(self, flow: Flow) -> Flow:
        require(self.size in SIZES, "fft", f"a size of {self.size}: expected one of {', '.join(map(str, SIZES))}")
        require(flow.rows == self.length <= self.size, "fft", f"{flow.rows} samples for a transform of {self.size}")
        require(flow.element is not Element.INT8 and flow.exponents is None, "fft", "it takes int16 or int32 samples")
        require(flow.channels <= 255, "fft", f"{flow.channels} channels")
        exact = Fft(self.size, self.length, self.taper, self.spectrum).output(flow)
        if self.spectrum is Spectrum.MAGNITUDE:
            return replace(exact, frac_bits=flow.frac_bits + 15 - self.most(flow), high=2**31 - 1)
        least = -15 + self._scale - MOST_LEFT * (passes_behind(self.size) + 2)
        high = (1 << MOST_BITS + 1) - 1
        return replace(exact, frac_bits=2 * flow.frac_bits, high=high, exponents=(2 * least, 2 * self.most(flow)))

    @property
    def _scale(self) -> int:
        """Bits by which results are too small, of samples of 15 bits, where no pass leaves any free."""
        return (3 if first_radix(self.size) == 4 else 2) + 3 * passes_behind(self.size) + 1

    def most(self, flow: Flow) -> int:
        """Bits by which they are too small at most."""
        return 8 * flow.element.size_bytes - 16 + self._scale

    def work_bytes(self, flow: Flow) -> int:
        return 2 * self.size

    @property
    def taper_table(self) -> tuple[int, ...]:
        return taper_table(self.taper, self.length)

    @property
    def rotations(self) -> tuple[int, ...]:
        """[size / 4] pairs: see `struct mlforge_fft16`."""
        return tuple(_factor(i, self.size) for i in range(self.size // 4))

    @property
    def factors(self) -> tuple[int, ...]:
        """[size / 8][2] pairs."""
        return tuple(_factor(2 * i * turn, self.size) for i in range(self.size // 8) for turn in (2, 3))

    @property
    def first(self) -> int:
        return first_radix(self.size)

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        taper = self.taper_table
        return Fft16Tables(
            array(ctypes.c_uint16, taper) if taper else None,
            array(ctypes.c_uint32, self.rotations),
            array(ctypes.c_uint32, self.factors),
            self.length,
            self.size,
            self.first,
            flow.channels,
            self.most(flow),
        )


def _factor(turn: int, size: int) -> int:
    """exp(-2 pi i turn / size) as a pair: the cosine in the lower half, the sine in the upper, Q14."""
    angle = 2 * math.pi * turn / size
    low, high = (round(Q14 * value) for value in (math.cos(angle), math.sin(angle)))
    return (low & 0xFFFF) | (high & 0xFFFF) << 16
