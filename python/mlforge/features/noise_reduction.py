"""The `noise_reduction` stage: spectral subtraction, as in TensorFlow Lite Micro's signal library. Its C half is
mlforge_noise_reduction_process in runtime/features/tflm_stages.c."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from mlforge.contract.stages_tflm import NoiseReductionSpec
from mlforge.features.flow import Flow
from mlforge.features.stage import PlainStage, require, require_int32

SHARE_BITS: Final = 14
MOST_SMOOTHING_BITS: Final = 10


class SubtractionTables(ctypes.Structure):
    """`struct mlforge_tflm_subtraction`."""

    _fields_: ClassVar = [
        ("smoothing", ctypes.c_uint32 * 2),
        ("keeping", ctypes.c_uint32 * 2),
        ("remaining", ctypes.c_uint32),
        ("bits", ctypes.c_uint8),
        ("smoothing_bits", ctypes.c_uint8),
        ("clamping", ctypes.c_uint8),
    ]


class NoiseReductionTables(ctypes.Structure):
    """`struct mlforge_noise_reduction`."""

    _fields_: ClassVar = [("subtraction", SubtractionTables), ("passes_estimates", ctypes.c_uint8)]


@dataclass(frozen=True, slots=True)
class NoiseReduction(PlainStage):
    """Shares have 14 fraction bits. Estimates stand behind the output where the next stage wants them."""

    even: int
    odd: int
    remaining: int
    passes_estimates: bool

    template: ClassVar[str] = "noise_reduction.c.j2"
    function: ClassVar[str] = "mlforge_noise_reduction_process"
    reset: ClassVar[str] = "mlforge_noise_reduction_reset"
    in_place: ClassVar[bool] = True

    def output(self, flow: Flow) -> Flow:
        require_int32(flow, "noise_reduction")
        require(flow.low >= 0, "noise_reduction", "it takes bands")
        shares = (self.even, self.odd, self.remaining)
        require(all(0 <= share <= 2**SHARE_BITS for share in shares), "noise_reduction", "its shares are damaged")
        return replace(flow, noise_bits=self.smoothing_bits(flow) if self.passes_estimates else None)

    def smoothing_bits(self, flow: Flow) -> int:
        """As many as values leave room for in 32 bits; the library's number where the values are its own."""
        return MOST_SMOOTHING_BITS if flow.tflm_size else min(MOST_SMOOTHING_BITS, 32 - flow.high.bit_length())

    def state_bytes(self, flow: Flow) -> int:
        return 4 * flow.length

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        pairs = ctypes.c_uint32 * 2
        smoothing = pairs(self.even, self.odd)
        keeping = pairs((1 << SHARE_BITS) - self.even, (1 << SHARE_BITS) - self.odd)
        subtraction = SubtractionTables(smoothing, keeping, self.remaining, SHARE_BITS, self.smoothing_bits(flow), 0)
        return NoiseReductionTables(subtraction, int(self.passes_estimates))


def make_noise_reduction(spec: NoiseReductionSpec, passes_estimates: bool) -> NoiseReduction:
    """Shares are rounded down, as the library does."""
    even, odd, remaining = (int(share * (1 << SHARE_BITS)) for share in (spec.even, spec.odd, spec.remaining))
    return NoiseReduction(even, odd, remaining, passes_estimates)
