"""The `log` stage with the integers of TensorFlow Lite Micro's signal library, and `tflm_scale`. Their C halves are in
runtime/features/tflm_stages.c."""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from mlforge.features.flow import Flow
from mlforge.features.quantise import Quantisation
from mlforge.features.stage import PlainStage, require, require_int32

SCALE_BITS: Final = 6
WEIGHT_BITS: Final = 6  # fraction bits of bands, from the square root of their filters' weights
UNIT_BITS: Final = 16  # fraction bits of bytes as values
SCALE: Final = 26 / 255  # of a byte
UNIT: Final = round(SCALE * 2**UNIT_BITS)
BYTES: Final = 255
ZERO_POINT: Final = -128
NEAR: Final = 1 / 128


class TflmLevelsTables(ctypes.Structure):
    """`struct mlforge_tflm_levels`."""

    _fields_: ClassVar = [("shift", ctypes.c_int8)]


@dataclass(frozen=True, slots=True)
class TflmLevels(PlainStage):
    """64 ln(value * 2^shift), 0 up to 1."""

    shift: int

    template: ClassVar[str] = "tflm_levels.c.j2"
    function: ClassVar[str] = "mlforge_tflm_levels_process"
    in_place: ClassVar[bool] = True

    def output(self, flow: Flow) -> Flow:
        require_int32(flow, "log")
        require(flow.low >= 0 and flow.tflm_size > 0, "log", "like tflm it takes bands like tflm")
        require(-6 <= self.shift <= 6, "log", f"a shift of {self.shift}")
        high = math.ceil(32 * math.log(2) * 2**SCALE_BITS)
        return replace(flow, frac_bits=SCALE_BITS, low=0, high=high, grain=-SCALE_BITS)

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        return TflmLevelsTables(self.shift)


def make_tflm_levels(flow: Flow) -> TflmLevels:
    """The library corrects by the transform's size, whatever stands between."""
    return TflmLevels(flow.tflm_size.bit_length() - 1 - WEIGHT_BITS)


class TflmScaleTables(ctypes.Structure):
    """`struct mlforge_tflm_scale`."""

    _fields_: ClassVar = [("unit", ctypes.c_int32)]


@dataclass(frozen=True, slots=True)
class TflmScale(PlainStage):
    """(256 x + 333) / 666, at most 255, in steps of 26 / 255: what an input of that scale quantises to these bytes.

    Models have inputs of about that scale, and applications of TensorFlow Lite Micro do not look at it.
    """

    template: ClassVar[str] = "tflm_scale.c.j2"
    function: ClassVar[str] = "mlforge_tflm_scale_process"
    in_place: ClassVar[bool] = True

    def output(self, flow: Flow) -> Flow:
        require_int32(flow, "tflm_scale")
        require(0 <= flow.low <= flow.high < 2**22 and flow.tflm_size > 0, "tflm_scale", "it takes `log` like tflm")
        return replace(flow, frac_bits=UNIT_BITS, low=0, high=BYTES * UNIT)

    def quantisation(self, of_model: Quantisation) -> Quantisation:
        """That of the bytes themselves for models of about their scale; the model's own for others."""
        near = abs(of_model.scale / SCALE - 1) <= NEAR and of_model.zero_point == ZERO_POINT
        return Quantisation(SCALE, ZERO_POINT) if near else of_model

    @property
    def unit(self) -> int:
        return UNIT

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        return TflmScaleTables(UNIT)
