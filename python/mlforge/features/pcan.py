"""The `pcan` stage: per-channel amplitude normalisation, as in TensorFlow Lite Micro's signal library. Its C half is
mlforge_pcan_process in runtime/features/tflm_stages.c.

Y. Wang, P. Getreuer, T. Hughes, R. F. Lyon, R. A. Saurous: Trainable Frontend For Robust and Far-Field Keyword
Spotting, ICASSP 2017.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Final

import numpy as np

from mlforge.contract.stages_tflm import PcanSpec
from mlforge.errors import DataError
from mlforge.features.flow import Element, Flow
from mlforge.features.stage import PlainStage, array, require

GAINS: Final = 125
OCTAVES: Final = 32
SNR_BITS: Final = 12
OUTPUT_BITS: Final = 6
SNR_RANGE_BITS: Final = 32 - SNR_BITS
MOST_GAIN: Final = 32767
LIBRARY_OFFSET: Final = 80.0
LIBRARY_GAIN_BITS: Final = 21
LIBRARY_SHIFT: Final = 6


class PcanTables(ctypes.Structure):
    """`struct mlforge_pcan`."""

    _fields_: ClassVar = [("gains", ctypes.POINTER(ctypes.c_int16)), ("shift", ctypes.c_uint8)]


@dataclass(frozen=True, slots=True)
class Pcan(PlainStage):
    """`gains` are for estimates 0 and 1, and then for each octave its value, slope, curvature and 0."""

    gains: tuple[int, ...]
    shift: int

    template: ClassVar[str] = "pcan.c.j2"
    function: ClassVar[str] = "mlforge_pcan_process"
    in_place: ClassVar[bool] = True

    def output(self, flow: Flow) -> Flow:
        sound = flow.element is Element.INT32 and flow.noise_bits is not None and flow.low >= 0
        require(sound, "pcan", "it takes bands with estimates of their noise")
        intact = len(self.gains) == GAINS and all(-(2**15) <= gain < 2**15 for gain in self.gains)
        require(intact and 0 <= self.shift <= 62, "pcan", "its table is damaged")
        largest = flow.high * MOST_GAIN >> self.shift
        require(largest < 2**32 or flow.tflm_size > 0, "pcan", "its values are out of reach")
        high = min(largest, 2**32 - 1) >> (SNR_BITS - OUTPUT_BITS)
        return replace(flow, frac_bits=OUTPUT_BITS, low=0, high=high, noise_bits=None, degree=1, grain=-OUTPUT_BITS)

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        return PcanTables(array(ctypes.c_int16, self.gains), self.shift)


def make_pcan(spec: PcanSpec, flow: Flow) -> Pcan:
    """Raises DataError where the largest gain makes values too large for fixed point."""
    if flow.tflm_size:
        return _as_the_library(spec, flow.tflm_size)
    largest = math.ldexp(flow.high, -flow.frac_bits)
    least = (math.ldexp(largest, 1 - SNR_RANGE_BITS)) ** (1 / spec.strength)
    offset = spec.offset or max(math.ldexp(LIBRARY_OFFSET, -15), least)
    bits = 15 - math.frexp(offset**-spec.strength)[1]
    noise_bits = flow.frac_bits + (flow.noise_bits or 0)

    def gain(estimate: int) -> int:
        return min(MOST_GAIN, round(math.ldexp((math.ldexp(estimate, -noise_bits) + offset) ** -spec.strength, bits)))

    shift = bits + flow.frac_bits - SNR_BITS
    if not 0 <= shift <= 62 or flow.high * MOST_GAIN >> shift >= 2**32:
        found = f"`pcan` with an offset of {offset:g}, of values up to {largest:g}, leaves 32 bits"
        raise DataError(found, hint=f"an `offset` of at least {least:.3g}, in the unit of the bands")
    return Pcan(_table(gain), shift)


def _as_the_library(spec: PcanSpec, size: int) -> Pcan:
    """In single precision; the offset is in units of the transform of 16-bit samples."""
    correction = size.bit_length() - 1 - 6
    unit = np.float32(2.0 ** (10 - correction))
    offset, power = np.float32(spec.offset or LIBRARY_OFFSET), np.float32(-spec.strength)

    def gain(estimate: int) -> int:
        level = np.float32(np.float32(np.float32(estimate) / unit) + offset)
        value = np.float32(2.0**LIBRARY_GAIN_BITS) * np.float32(math.pow(float(level), float(power)))
        return MOST_GAIN if value > MOST_GAIN else int(np.float32(value + np.float32(0.5)))

    return Pcan(_table(gain), LIBRARY_SHIFT)


def _table(gain: Callable[[int], int]) -> tuple[int, ...]:
    """A parabola through the beginning, the middle and the end of each octave."""
    made = [gain(0), gain(1)]
    for octave in range(2, OCTAVES + 1):
        begin = 1 << (octave - 1)
        end = 2 * begin if octave < OCTAVES else 2 * begin - 1
        first, middle, last = gain(begin), gain(begin + begin // 2), gain(end)
        slope = 4 * (middle - first) - (last - first)
        made += [first, _wrapped(slope), _wrapped(last - first - slope), 0]
    return tuple(made[:GAINS])


def _wrapped(value: int) -> int:
    """As int16."""
    return (value + 2**15) % 2**16 - 2**15
