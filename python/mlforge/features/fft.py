"""The `fft` stage: taper, real Fourier transform, power or magnitude. Its C half is runtime/features/fft*.c.

The transform of n samples is that of n / 2 pairs as complex numbers (Numerical Recipes, 12.3.2), decimated in time, in
int32 with factors of Q15. No step of it looks at the data: the range of the samples says how far they are shifted, so
that nothing can overflow, and the number of instructions is the same for all signals.
"""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from mlforge.contract.stages import Spectrum, Taper
from mlforge.features.flow import Element, Flow
from mlforge.features.stage import PlainStage, array, require

SIZES: Final = (32, 64, 128, 256, 512, 1024, 2048)
Q15: Final = 1 << 15
ROUNDING: Final = 64  # more than what truncated products can add up to, in a part of a bin


class FftTables(ctypes.Structure):
    """`struct mlforge_fft`."""

    _fields_: ClassVar = [
        ("taper", ctypes.POINTER(ctypes.c_uint16)),
        ("factors", ctypes.POINTER(ctypes.c_uint32)),
        ("rotations", ctypes.POINTER(ctypes.c_uint32)),
        ("length", ctypes.c_uint32),
        ("size", ctypes.c_uint16),
        ("first", ctypes.c_uint8),
        ("shift", ctypes.c_uint8),
        ("channels", ctypes.c_uint8),
    ]


@dataclass(frozen=True, slots=True)
class Fft(PlainStage):
    """Of blocks of `length` samples a channel, to size / 2 + 1 bins."""

    size: int
    length: int
    taper: Taper
    spectrum: Spectrum

    template: ClassVar[str] = "fft.c.j2"
    works_in_output: ClassVar[bool] = True

    def process(self, flow: Flow) -> str:
        """A function for each type of samples and of results: the others are not linked."""
        samples = "int16" if flow.element is Element.INT16 else "int32"
        return f"mlforge_fft_process_{samples}_{self.spectrum.value}"

    def output(self, flow: Flow) -> Flow:
        require(self.size in SIZES, "fft", f"a size of {self.size}: expected one of {', '.join(map(str, SIZES))}")
        require(flow.rows == self.length <= self.size, "fft", f"{flow.rows} samples for a transform of {self.size}")
        require(flow.element is not Element.INT8 and flow.exponents is None, "fft", "it takes int16 or int32 samples")
        require(flow.channels <= 255, "fft", f"{flow.channels} channels")
        bits = flow.frac_bits + 15 - self.shift(flow) - self.passes
        largest = min(int(self._bound(flow, self.shift(flow)) * math.sqrt(2)) + ROUNDING, 2**31 - 1)
        made = replace(flow, rows=self.size // 2 + 1, element=Element.INT32, low=0, frac_bits=bits, high=largest)
        made = replace(made, grain=-bits)
        if self.spectrum is Spectrum.MAGNITUDE:
            return made
        return replace(made, frac_bits=2 * bits - 32, high=2**31 - 1, exponents=(-60, 0), degree=2, grain=-2 * bits)

    @property
    def first(self) -> int:
        return first_radix(self.size)

    @property
    def passes(self) -> int:
        """Each doubles magnitudes, and halves the values' unit."""
        return passes_behind(self.size)

    def shift(self, flow: Flow) -> int:
        """The least right shift of tapered samples with which the transform of pairs stays within 30 bits.

        A pair's magnitude is at most sqrt(2) times the largest sample's. Magnitudes, and so all parts and sums of two
        parts, then fit into 31 bits at every step.
        """
        shifts = (shift for shift in range(64) if self._bound(flow, shift) < 2**30 - ROUNDING)
        return next(shifts)

    def _bound(self, flow: Flow, shift: int) -> float:
        """The largest magnitude of the transform of pairs."""
        largest = max(abs(flow.low), abs(flow.high)) * Q15 / 2.0**shift
        return float((largest + 1) * math.sqrt(2) * self.first * 2**self.passes)

    def work_bytes(self, flow: Flow) -> int:
        return 4 * self.size

    @property
    def taper_table(self) -> tuple[int, ...]:
        return taper_table(self.taper, self.length)

    @property
    def factors(self) -> tuple[int, ...]:
        """[size / 8][3] pairs: see `struct mlforge_fft`."""
        return tuple(_factor(2 * i * turn, self.size) for i in range(self.size // 8) for turn in (1, 2, 3))

    @property
    def rotations(self) -> tuple[int, ...]:
        """[size / 4 - 1] pairs."""
        return tuple(_factor(i, self.size) for i in range(1, self.size // 4))

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        taper = self.taper_table
        return FftTables(
            array(ctypes.c_uint16, taper) if taper else None,
            array(ctypes.c_uint32, self.factors),
            array(ctypes.c_uint32, self.rotations),
            self.length,
            self.size,
            self.first,
            self.shift(flow),
            flow.channels,
        )


def first_radix(size: int) -> int:
    """Of the first pass, which has no factors."""
    return 4 if size.bit_length() % 2 == 0 else 2


def passes_behind(size: int) -> int:
    """Passes of radix 4 with factors."""
    return (size // 2 // first_radix(size)).bit_length() // 2


def taper_table(taper: Taper, length: int) -> tuple[int, ...]:
    """Q15 [(length + 1) / 2 + 1], the first half, at most 32767; empty for none."""
    if taper is Taper.NONE:
        return ()
    a = 0.5 if taper is Taper.HANN else 0.54
    turns = (2 * math.pi * i / length for i in range((length + 1) // 2 + 1))
    return tuple(min(Q15 - 1, round(Q15 * (a - (1 - a) * math.cos(angle)))) for angle in turns)


def _factor(turn: int, size: int) -> int:
    """exp(-2 pi i turn / size) as a pair: the cosine in the lower half, the sine in the upper, Q15, at most 32767."""
    angle = 2 * math.pi * turn / size
    low, high = (max(-32767, min(32767, round(Q15 * value))) for value in (math.cos(angle), math.sin(angle)))
    return (low & 0xFFFF) | (high & 0xFFFF) << 16
