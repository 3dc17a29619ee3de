"""The `bands` stage: powers of bands of frequencies, or shares. Its C half is runtime/features/spectrum_bands.c."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar, Final

from mlforge.contract.stages_spectrum import CURE_OF_EMPTY, BandsSpec, bins_of, empty_band
from mlforge.errors import DataError
from mlforge.features.flow import Flow
from mlforge.features.stage import PlainStage, array, require, require_int32

SHARE_BITS: Final = 15


class BandsTables(ctypes.Structure):
    """`struct mlforge_bands`."""

    _fields_: ClassVar = [
        ("edges", ctypes.POINTER(ctypes.c_uint16)),
        ("bands", ctypes.c_uint16),
        ("channels", ctypes.c_uint8),
        ("exponents", ctypes.c_uint8),
        ("share", ctypes.c_uint8),
    ]


@dataclass(frozen=True, slots=True)
class Bands(PlainStage):
    """Sums of bins edges[b] to edges[b + 1] - 1; a share of 0 in silence."""

    edges: tuple[int, ...]
    share: bool

    template: ClassVar[str] = "bands.c.j2"
    function: ClassVar[str] = "mlforge_bands_process"

    @property
    def bands(self) -> int:
        return len(self.edges) - 1

    def output(self, flow: Flow) -> Flow:
        require(flow.low >= 0 and flow.channels <= 255, "bands", "it takes powers or magnitudes")
        if flow.exponents is None:
            require_int32(flow, "bands")
        rising = all(low < high for low, high in pairwise(self.edges))
        sound = self.bands >= 1 and self.edges[0] >= 0 and rising and self.edges[-1] <= flow.rows < 2**16
        require(sound, "bands", f"its edges do not go with a spectrum of {flow.rows} bins")
        if self.share:
            whole = 1 << SHARE_BITS
            made = replace(flow, rows=self.bands, frac_bits=SHARE_BITS, low=0, high=whole, exponents=None)
            return replace(made, degree=1, grain=-SHARE_BITS)
        low, high = flow.exponents or (0, 0)
        exponents = (low, high + (self.edges[-1] - self.edges[0]).bit_length())
        return replace(flow, rows=self.bands, low=0, high=2**31 - 1, exponents=exponents)

    def work_bytes(self, flow: Flow) -> int:
        return 8 * self.bands

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        edges = array(ctypes.c_uint16, self.edges)
        return BandsTables(edges, self.bands, flow.channels, int(flow.exponents is not None), int(self.share))


def bin_hz(flow: Flow, stage: str) -> float:
    """Between two bins of a spectrum. Raises DataError where the rate is unknown."""
    rate_hz = float(flow.sample_rate)
    if rate_hz == 0:
        raise DataError(f"`{stage}` needs the signal's rate", hint="add data.signal: {rate: 16 kHz}")
    return rate_hz / 2 / (flow.rows - 1)


def make_bands(spec: BandsSpec, flow: Flow) -> Bands:
    """Bins from each edge on, up to but without the next; half the rate, as the last edge, is within.

    Raises:
        DataError: the rate is unknown, or a band has no bin.
    """
    width_hz = bin_hz(flow, "bands")
    edges = bins_of(spec.edges_hz, width_hz, flow.rows)
    if empty := empty_band(spec.edges_hz, edges, width_hz):
        raise DataError(empty, hint=CURE_OF_EMPTY)
    return Bands(edges, spec.share)
