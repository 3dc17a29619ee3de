"""The `statistics` stage: what describes a frame. Its C half is runtime/features/statistics*.c."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from mlforge.contract.stages_frames import Statistic, StatisticsSpec
from mlforge.features.flow import INT32_RANGE, Element, Flow
from mlforge.features.stage import PlainStage, array, require

MAX_LENGTH: Final = 1 << 16
RATIO_BITS: Final = 14  # fraction bits of statistics that have no unit
GUARD_BITS: Final = 8  # more than samples have, of those in their unit
SLOPE_FACTOR: Final = 3  # a line of least squares rises by at most three times the largest magnitude
_ORDER: Final = tuple(Statistic)


class StatisticsTables(ctypes.Structure):
    """`struct mlforge_statistics`."""

    _fields_: ClassVar = [
        ("what", ctypes.POINTER(ctypes.c_uint8)),
        ("length", ctypes.c_uint32),
        ("count", ctypes.c_uint16),
        ("channels", ctypes.c_uint16),
        ("unit_shift", ctypes.c_int8),
        ("samples", ctypes.c_uint8),
    ]


@dataclass(frozen=True, slots=True)
class FrameStatistics(PlainStage):
    """Of frames of `length` samples a channel; those without a unit have a fixed point of their own."""

    what: tuple[Statistic, ...]
    length: int

    template: ClassVar[str] = "statistics.c.j2"
    function: ClassVar[str] = "mlforge_statistics_process"

    def output(self, flow: Flow) -> Flow:
        require(flow.rows == self.length <= MAX_LENGTH and len(self.what) >= 1, "statistics", f"{flow.rows} samples")
        require(flow.element is not Element.INT8 and flow.exponents is None, "statistics", "it takes int16 or int32")
        low, high = INT32_RANGE
        bits = flow.frac_bits + self.unit_shift(flow)
        own = tuple(0 if one.has_unit else RATIO_BITS - bits for one in self.what)
        made = replace(flow, rows=len(self.what), element=Element.INT32, frac_bits=bits, low=low, high=high)
        return replace(made, row_bits=own if any(own) else ())

    def unit_shift(self, flow: Flow) -> int:
        """The largest left shift of statistics in the unit of samples with which all fit into int32."""
        largest = SLOPE_FACTOR * max(abs(flow.low), abs(flow.high)) + 1
        return min(GUARD_BITS, 31 - largest.bit_length())

    @property
    def codes(self) -> tuple[int, ...]:
        return tuple(_ORDER.index(one) for one in self.what)

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        return StatisticsTables(
            array(ctypes.c_uint8, self.codes),
            self.length,
            len(self.what),
            flow.channels,
            self.unit_shift(flow),
            int(flow.element is Element.INT16),
        )


def make_statistics(spec: StatisticsSpec, flow: Flow) -> FrameStatistics:
    return FrameStatistics(spec.of, flow.rows)
