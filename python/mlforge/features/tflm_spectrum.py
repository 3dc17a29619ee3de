"""The `fft` stage with the integers of TensorFlow Lite Micro's signal library: Window, FftAutoScale, Rfft, Energy.

Its C half is mlforge_tflm_spectrum_process in runtime/features/tflm_stages.c.
"""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass, replace
from typing import ClassVar, Final

import numpy as np

from mlforge.contract.stages import FftSpec
from mlforge.contract.stages_tflm import Like
from mlforge.errors import DataError
from mlforge.features.flow import Element, Flow
from mlforge.features.stage import PlainStage, array, require

SIZES: Final = (32, 64, 128, 256, 512, 1024, 2048)
TAPER_BITS: Final = 12
MOST_BITS: Final = 14  # of the scaling: that of a frame whose largest magnitude is 1


class TflmFft(ctypes.Structure):
    """`struct mlforge_tflm_fft`."""

    _fields_: ClassVar = [("cosines", ctypes.POINTER(ctypes.c_int16)), ("size", ctypes.c_uint16)]


class TflmSpectrumTables(ctypes.Structure):
    """`struct mlforge_tflm_spectrum`."""

    _fields_: ClassVar = [
        ("fft", TflmFft),
        ("taper", ctypes.POINTER(ctypes.c_int16)),
        ("taper_length", ctypes.c_uint16),
        ("length", ctypes.c_uint16),
        ("microfrontend", ctypes.c_uint8),
    ]


@dataclass(frozen=True, slots=True)
class TflmSpectrum(PlainStage):
    """Energies of int16 frames, times 2^(2 b) / size^2 with the scaling's b bits as the exponent -2 b."""

    size: int
    length: int
    microfrontend: bool

    template: ClassVar[str] = "tflm_spectrum.c.j2"
    function: ClassVar[str] = "mlforge_tflm_spectrum_process"

    def output(self, flow: Flow) -> Flow:
        require(self.size in SIZES, "fft", f"a size of {self.size}: expected one of {', '.join(map(str, SIZES))}")
        require(flow.rows == self.length <= self.size, "fft", f"{flow.rows} samples for a transform of {self.size}")
        sound = flow.element is Element.INT16 and flow.channels == 1
        require(sound, "fft", "like tflm it takes one channel of 16-bit samples")
        bits = 2 * (flow.frac_bits - self.bits)
        made = replace(flow, rows=self.size // 2 + 1, element=Element.INT32, frac_bits=bits, low=0, high=2**31 - 1)
        return replace(made, exponents=(-2 * MOST_BITS, 0), degree=2, grain=-bits - 2 * MOST_BITS, tflm_size=self.size)

    @property
    def bits(self) -> int:
        return self.size.bit_length() - 1

    @property
    def taper_table(self) -> tuple[int, ...]:
        """Q12: Hann, 0.5 - 0.5 cos(2 pi (i + 0.5) / length), the first half; all of the microfrontend's, whose halves
        differ in the last bit."""
        if self.microfrontend:
            return tuple(_in_single_precision(i, self.length) for i in range(self.length))
        cosines = (math.cos(2 * math.pi / self.length * (i + 0.5)) for i in range((self.length + 1) // 2))
        return tuple(round((0.5 - 0.5 * cosine) * 2**TAPER_BITS) for cosine in cosines)

    @property
    def cosines(self) -> tuple[int, ...]:
        """[size / 4 + 1]."""
        turns = (2 * math.pi * i / self.size for i in range(self.size // 4 + 1))
        return tuple(math.floor(0.5 + 32767 * math.cos(angle)) for angle in turns)

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        fft = TflmFft(array(ctypes.c_int16, self.cosines), self.size)
        taper = self.taper_table
        return TflmSpectrumTables(fft, array(ctypes.c_int16, taper), len(taper), self.length, int(self.microfrontend))


def make_tflm_spectrum(spec: FftSpec, flow: Flow) -> TflmSpectrum:
    """Raises DataError where samples are not int16, or blocks are longer than the transform."""
    if flow.element is not Element.INT16:
        raise DataError(
            f"`fft` like {spec.like} takes 16-bit samples, here they have 32 bits",
            hint="add samples: int16 to data.signal, and leave out stages in front of `frame` that make int32",
        )
    if flow.rows > spec.size:
        raise DataError(f"frames of {flow.rows} samples are longer than the transform's {spec.size}")
    return TflmSpectrum(spec.size, flow.rows, spec.like is Like.MICROFRONTEND)


def _in_single_precision(i: int, length: int) -> int:
    """The taper's value, each step as a float."""
    turn = np.float32(np.float32(np.float32(math.pi) * np.float32(2)) / np.float32(length))
    cosine = np.float32(math.cos(float(np.float32(turn * np.float32(i + 0.5)))))
    value = np.float32(np.float32(0.5) - np.float32(np.float32(0.5) * cosine))
    return math.floor(np.float32(np.float32(value * np.float32(2**TAPER_BITS)) + np.float32(0.5)))
