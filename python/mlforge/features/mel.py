"""The `mel` stage: triangular filters, evenly spaced on a mel scale. Its C half is runtime/features/mel.c.

HTK's scale: The HTK Book 3.4, 5.6. Slaney's: Auditory Toolbox, Interval Technical Report 1998-010; as in librosa.
"""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar

from mlforge.contract.mel_scale import CURE_OF_EMPTY, corners_hz, empty_filter, first_bin
from mlforge.contract.stages import MelNorm, MelSpec
from mlforge.errors import DataError
from mlforge.features.flow import Flow
from mlforge.features.stage import PlainStage, array, require, require_int32


class MelTables(ctypes.Structure):
    """`struct mlforge_mel`."""

    _fields_: ClassVar = [
        ("shares", ctypes.POINTER(ctypes.c_uint16)),
        ("counts", ctypes.POINTER(ctypes.c_uint16)),
        ("gains", ctypes.POINTER(ctypes.c_uint16)),
        ("first", ctypes.c_uint16),
        ("bands", ctypes.c_uint16),
        ("channels", ctypes.c_uint8),
        ("exponents", ctypes.c_uint8),
    ]


@dataclass(frozen=True, slots=True)
class Mel(PlainStage):
    """Filter b rises over segment b and falls over segment b + 1; see `struct mlforge_mel`.

    The gains, where there are some, are those of Slaney's normalisation times 2^gain_bits, in Q15.
    """

    first: int
    counts: tuple[int, ...]
    shares: tuple[int, ...]
    gains: tuple[int, ...] = ()
    gain_bits: int = 0

    template: ClassVar[str] = "mel.c.j2"
    function: ClassVar[str] = "mlforge_mel_process"

    @property
    def bands(self) -> int:
        return len(self.counts) - 1

    def output(self, flow: Flow) -> Flow:
        require(flow.low >= 0, "mel", "it takes powers or magnitudes")
        if flow.exponents is None:
            require_int32(flow, "mel")
        sound = (
            self.bands >= 1
            and min(self.counts) >= 0
            and sum(self.counts) == len(self.shares)
            and 0 <= self.first <= self.first + len(self.shares) <= flow.rows < 2**16
            and flow.channels <= 255
            and all(0 <= share < 2**16 for share in self.shares)
            and len(self.gains) in (0, self.bands)
            and all(0 <= gain < 2**15 for gain in self.gains)
        )
        require(sound, "mel", f"its tables do not go with a spectrum of {flow.rows} bins")
        low, high = flow.exponents or (0, 0)
        bits = flow.frac_bits + self.gain_bits
        widest = max(sum(pair) for pair in pairwise(self.counts))
        exponents = (low - 16, high + widest.bit_length())
        return replace(flow, rows=self.bands, frac_bits=bits, low=0, high=2**31 - 1, exponents=exponents)

    def work_bytes(self, flow: Flow) -> int:
        return 8 * self.bands

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        return MelTables(
            array(ctypes.c_uint16, self.shares),
            array(ctypes.c_uint16, self.counts),
            array(ctypes.c_uint16, self.gains) if self.gains else None,
            self.first,
            self.bands,
            flow.channels,
            int(flow.exponents is not None),
        )


def make_mel(spec: MelSpec, flow: Flow) -> Mel:
    """For a spectrum from 0 Hz to half the signal's rate.

    Raises:
        DataError: the rate is unknown, or a filter has no bin.
    """
    rate_hz = float(flow.sample_rate)
    if rate_hz == 0:
        raise DataError("a mel filter bank needs the signal's rate", hint="add data.signal: {rate: 16 kHz}")
    bin_hz = rate_hz / 2 / (flow.rows - 1)
    corners = corners_hz(spec)
    starts = [min(flow.rows, first_bin(corner / bin_hz)) for corner in corners]
    shares = []
    for low, high, start, end in zip(corners, corners[1:], starts, starts[1:], strict=False):
        shares += [min(65535, round(65536 * (index * bin_hz - low) / (high - low))) for index in range(start, end)]
    counts = tuple(end - start for start, end in pairwise(starts))
    if empty := empty_filter(spec, rate_hz, flow.rows):
        raise DataError(empty, hint=CURE_OF_EMPTY)
    gains, bits = _gains(spec, corners)
    return Mel(starts[0], counts, tuple(shares), gains, bits)


def _gains(spec: MelSpec, corners: list[float]) -> tuple[tuple[int, ...], int]:
    """Q15, and the bits that they were scaled up by: the largest uses them all."""
    if spec.norm is MelNorm.NONE:
        return (), 0
    real = [2.0 / (high - low) for low, high in zip(corners, corners[2:], strict=False)]
    bits = math.frexp(max(real))[1]
    return tuple(min(32767, round(math.ldexp(value, 15 - bits))) for value in real), -bits
