"""The `moving_mean` stage: of the newest samples. Its C half is runtime/features/moving_mean.c."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from mlforge.contract.stages_signal import MovingMeanSpec
from mlforge.features.fixed_point import Factor, factor
from mlforge.features.flow import Element, Flow
from mlforge.features.stage import PlainStage, require, require_signal

MAX_LENGTH: Final = 1 << 16


class MovingMeanTables(ctypes.Structure):
    """`struct mlforge_moving_mean`."""

    _fields_: ClassVar = [
        ("length", ctypes.c_uint32),
        ("multiplier", ctypes.c_int32),
        ("before", ctypes.c_uint8),
        ("shift", ctypes.c_uint8),
        ("samples", ctypes.c_uint8),
        ("channels", ctypes.c_uint16),
    ]


@dataclass(frozen=True, slots=True)
class MovingMean(PlainStage):
    """Over `length` samples; those before the first one are the first one."""

    length: int

    template: ClassVar[str] = "moving_mean.c.j2"
    function: ClassVar[str] = "mlforge_moving_mean_process"
    reset: ClassVar[str] = "mlforge_begun_reset"

    def output(self, flow: Flow) -> Flow:
        require_signal(flow, "moving_mean")
        require(1 <= self.length <= MAX_LENGTH, "moving_mean", f"{self.length} samples")
        return replace(flow, element=Element.INT32, low=max(flow.low - 2, -(2**31)), high=min(flow.high + 2, 2**31 - 1))

    @property
    def before(self) -> int:
        """Right shift of a sum with which it has as many bits as a value."""
        return (self.length - 1).bit_length()

    @property
    def factor(self) -> Factor:
        return factor((1 << self.before) / self.length)

    def state_bytes(self, flow: Flow) -> int:
        return 8 + flow.channels * (8 + 4 * self.length)

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        scale = self.factor
        narrow = int(flow.element is Element.INT16)
        return MovingMeanTables(self.length, scale.multiplier, self.before, scale.shift, narrow, flow.channels)


def make_moving_mean(spec: MovingMeanSpec, flow: Flow) -> MovingMean:
    return MovingMean(spec.length)
