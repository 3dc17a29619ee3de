"""The `difference` stage: y[n] = x[n] - x[n - over]. Its C half is runtime/features/difference.c."""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from mlforge.contract.stages_signal import DifferenceSpec, RateOfChangeSpec
from mlforge.features.flow import Element, Flow
from mlforge.features.stage import PlainStage, require, require_signal

MAX_OVER: Final = 1 << 16


class DifferenceTables(ctypes.Structure):
    """`struct mlforge_difference`."""

    _fields_: ClassVar = [
        ("over", ctypes.c_uint32),
        ("multiplier", ctypes.c_int32),
        ("shift", ctypes.c_uint8),
        ("samples", ctypes.c_uint8),
        ("channels", ctypes.c_uint16),
    ]


@dataclass(frozen=True, slots=True)
class Difference(PlainStage):
    """To the sample `over` samples ago, which before the first one is the first one; times multiplier / 2^31 and
    2^exponent, where there is a multiplier."""

    over: int
    multiplier: int = 0
    exponent: int = 0

    template: ClassVar[str] = "difference.c.j2"
    function: ClassVar[str] = "mlforge_difference_process"
    reset: ClassVar[str] = "mlforge_begun_reset"

    def output(self, flow: Flow) -> Flow:
        require_signal(flow, "difference")
        require(1 <= self.over <= MAX_OVER, "difference", f"over {self.over} samples")
        sound = self.multiplier == 0 or 2**30 <= self.multiplier < 2**31
        require(sound and abs(self.exponent) <= 64, "difference", "its factor is damaged")
        shift = self.shift(flow)
        largest = (flow.high - flow.low >> shift) + 1
        bits = flow.frac_bits - shift - self.exponent
        return replace(flow, element=Element.INT32, frac_bits=bits, low=-largest, high=min(largest, 2**31 - 1))

    def shift(self, flow: Flow) -> int:
        """1 where a difference has 33 bits."""
        return int(flow.high - flow.low >= 2**31)

    def state_bytes(self, flow: Flow) -> int:
        return 8 + 4 * self.over * flow.channels

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        return DifferenceTables(
            self.over, self.multiplier, self.shift(flow), int(flow.element is Element.INT16), flow.channels
        )


def make_difference(spec: DifferenceSpec, flow: Flow) -> Difference:
    return Difference(spec.over)


def make_rate_of_change(spec: RateOfChangeSpec, flow: Flow) -> Difference:
    mantissa, exponent = math.frexp(spec.rate_hz / spec.over)
    return Difference(spec.over, min(2**31 - 1, round(math.ldexp(mantissa, 31))), exponent)
