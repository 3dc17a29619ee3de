"""The `mel` stage with the integers of TensorFlow Lite Micro's signal library: FilterBank, FilterBankSquareRoot.

Weights are computed in single precision, as the library does: their last bit counts. Its C half is
mlforge_tflm_bands_process in runtime/features/tflm_stages.c.
"""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import ClassVar, Final

import numpy as np

from mlforge.contract.stages import MelSpec
from mlforge.contract.stages_tflm import Like
from mlforge.errors import DataError
from mlforge.features.flow import Flow
from mlforge.features.single_precision import log1p
from mlforge.features.stage import PlainStage, array, require

WEIGHT_BITS: Final = 12


class TflmBankTables(ctypes.Structure):
    """`struct mlforge_tflm_bank`."""

    _fields_: ClassVar = [
        *((name, ctypes.POINTER(ctypes.c_int16)) for name in ("bins", "offsets", "widths", "weights", "rests")),
        ("filters", ctypes.c_uint16),
    ]


@dataclass(frozen=True, slots=True)
class TflmBands(PlainStage):
    """Between two corners lies a segment: of widths[s] bins, the first one from bin `first` on. `weights` are those of
    the filter that ends there, `rests` those of the filter that begins."""

    first: int
    widths: tuple[int, ...]
    weights: tuple[int, ...]
    rests: tuple[int, ...]

    template: ClassVar[str] = "tflm_bands.c.j2"
    function: ClassVar[str] = "mlforge_tflm_bands_process"

    @property
    def bands(self) -> int:
        return len(self.widths) - 1

    def output(self, flow: Flow) -> Flow:
        require(flow.tflm_size > 0 and flow.exponents is not None, "mel", "like tflm it takes `fft` like tflm")
        sound = (
            self.bands >= 1
            and min(self.widths) >= 0
            and sum(self.widths) == len(self.weights) == len(self.rests)
            and 0 <= self.first <= self.first + len(self.weights) <= flow.rows
            and all(0 <= weight <= 2**WEIGHT_BITS for weight in (*self.weights, *self.rests))
        )
        require(sound, "mel", f"its tables do not go with a spectrum of {flow.rows} bins")
        widest = max(sum(pair) for pair in pairwise(self.widths))
        largest = math.isqrt(widest << (WEIGHT_BITS + 31)) + 1
        bits = flow.frac_bits // 2 + WEIGHT_BITS // 2
        return replace(
            flow, rows=self.bands, frac_bits=bits, low=0, high=largest, exponents=None, degree=1, grain=-bits
        )

    @property
    def offsets(self) -> tuple[int, ...]:
        return tuple(accumulate(self.widths[:-1], initial=0))

    @property
    def bins(self) -> tuple[int, ...]:
        return tuple(self.first + offset for offset in self.offsets)

    def work_bytes(self, flow: Flow) -> int:
        return 8 * self.bands

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        lists = (self.bins, self.offsets, self.widths, self.weights, self.rests)
        return TflmBankTables(*(array(ctypes.c_int16, one) for one in lists), self.bands)


def make_tflm_bands(spec: MelSpec, flow: Flow) -> TflmBands:
    """Raises DataError: the rate is unknown, or the filters leave the spectrum."""
    rate_hz = float(flow.sample_rate)
    if rate_hz == 0:
        raise DataError("a mel filter bank needs the signal's rate", hint="add data.signal: {rate: 16 kHz}")
    bin_hz = rate_hz / 2 / (flow.rows - 1)
    low, high = _to_mel(spec.low_hz), _to_mel(spec.high_hz)
    spacing = np.float32((high - low) / np.float32(spec.bands + 1))
    peaks = [np.float32(low + spacing * np.float32(index)) for index in range(1, spec.bands + 2)]
    foreign = spec.like is Like.MICROFRONTEND
    first = int(1.5 + spec.low_hz / bin_hz) if foreign else round(1 + spec.low_hz / bin_hz)
    widths, weights, rests, at = list[int](), list[int](), list[int](), first
    for before, peak in pairwise([low, *peaks]):
        begin = at
        while at < flow.rows and _to_mel(at * bin_hz) <= peak:
            share = np.float32((peak - _to_mel(at * bin_hz)) / np.float32(peak - before))
            weights.append(_quantised(share, foreign))
            rests.append(_quantised(np.float32(1) - share, foreign))
            at += 1
        widths.append(at - begin)
    if at >= flow.rows:
        found = f"mel filters up to {spec.high_hz:g} Hz end behind the last bin, {rate_hz / 2:g} Hz"
        raise DataError(found, hint="a lower `high`: like tflm, filters must end below half the rate")
    return TflmBands(first, tuple(widths), tuple(weights), tuple(rests))


def _to_mel(hz: float) -> np.float32:
    """1127 ln(1 + f / 700), each step in single precision."""
    ratio = np.float32(np.float32(hz) / np.float32(700))
    return np.float32(np.float32(1127) * log1p(ratio))


def _quantised(share: np.float32, rounds: bool) -> int:
    scaled = np.float32(share * np.float32(1 << WEIGHT_BITS))
    return math.floor(np.float32(scaled + np.float32(0.5))) if rounds else int(scaled)
