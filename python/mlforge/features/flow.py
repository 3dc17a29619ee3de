"""`Flow`: what passes between two stages, with the range of its values, so that no intermediate can overflow unseen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final


class Element(StrEnum):
    """C types of values."""

    INT8 = "int8_t"
    INT16 = "int16_t"
    INT32 = "int32_t"

    @property
    def size_bytes(self) -> int:
        return {Element.INT8: 1, Element.INT16: 2, Element.INT32: 4}[self]

    @property
    def range(self) -> tuple[int, int]:
        limit = 1 << (8 * self.size_bytes - 1)
        return -limit, limit - 1


INT32_RANGE: Final = Element.INT32.range
EXPONENT_BYTES: Final = 4
ESTIMATE_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class Flow:
    """Blocks of [rows, channels] values, channels last.

    A stored value v stands for `v / 2^frac_bits`, and lies in `low` to `high`. With `exponents`, each channel of a
    block has an int32 exponent e behind the values, in that range, and v stands for `v * 2^e / 2^frac_bits`. `rate` is
    blocks per second; 0 where the signal's rate is unknown. Each block is made of `span` frames of the signal, and the
    next one begins `hop` frames later. `degree` is 2 for powers, else 1; `grain` is log2 of the least value that the
    stages before can tell from zero. `step` is how many frames of the signal lie between two samples, in a block or
    from one block to the next where blocks are samples: 1 but behind `decimate` and `resample`. Behind `resample`, all
    three may be fractions: a block is complete with the first frame that covers it. With `noise_bits`, each value has
    an estimate of its noise behind all values, uint32, with so many fraction bits more. `tflm_size` is the size of the
    transform where values are the integers of TensorFlow Lite Micro's signal library, else 0.
    """

    rows: int
    channels: int
    element: Element
    frac_bits: int
    low: int
    high: int
    exponents: tuple[int, int] | None = None
    rate: Fraction = Fraction(0)
    span: int | Fraction = 1
    hop: int | Fraction = 1
    degree: int = 1
    grain: int = 0
    step: int | Fraction = 1
    row_bits: tuple[int, ...] = ()
    noise_bits: int | None = None
    tflm_size: int = 0

    @property
    def length(self) -> int:
        """Values in a block, without exponents."""
        return self.rows * self.channels

    @property
    def sample_rate(self) -> Fraction:
        """Samples per second in front of frames, or in them; 0 where it is unknown."""
        return self.rate * self.hop / self.step

    @property
    def size_bytes(self) -> int:
        exponents = EXPONENT_BYTES * self.channels if self.exponents else 0
        estimates = 0 if self.noise_bits is None else ESTIMATE_BYTES * self.length
        return self.length * self.element.size_bytes + exponents + estimates

    def blocks(self, frames: int) -> int:
        """How many blocks so many frames give."""
        return 0 if frames < self.span else 1 + (frames - self.span) // self.hop
