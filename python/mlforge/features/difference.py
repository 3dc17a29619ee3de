"""The `difference` stage: y[n] = x[n] - x[n - over]. Its C half is runtime/features/difference.c."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from mlforge.contract.stages_signal import DifferenceSpec
from mlforge.features.flow import Element, Flow
from mlforge.features.stage import PlainStage, require, require_signal

MAX_OVER: Final = 1 << 16


class DifferenceTables(ctypes.Structure):
    """`struct mlforge_difference`."""

    _fields_: ClassVar = [
        ("over", ctypes.c_uint32),
        ("shift", ctypes.c_uint8),
        ("samples", ctypes.c_uint8),
        ("channels", ctypes.c_uint16),
    ]


@dataclass(frozen=True, slots=True)
class Difference(PlainStage):
    """To the sample `over` samples ago, which before the first one is the first one."""

    over: int

    template: ClassVar[str] = "difference.c.j2"
    function: ClassVar[str] = "mlforge_difference_process"
    reset: ClassVar[str] = "mlforge_begun_reset"

    def output(self, flow: Flow) -> Flow:
        require_signal(flow, "difference")
        require(1 <= self.over <= MAX_OVER, "difference", f"over {self.over} samples")
        shift = self.shift(flow)
        largest = (flow.high - flow.low >> shift) + 1
        return replace(
            flow, element=Element.INT32, frac_bits=flow.frac_bits - shift, low=-largest, high=min(largest, 2**31 - 1)
        )

    def shift(self, flow: Flow) -> int:
        """1 where a difference has 33 bits."""
        return int(flow.high - flow.low >= 2**31)

    def state_bytes(self, flow: Flow) -> int:
        return 8 + 4 * self.over * flow.channels

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        return DifferenceTables(self.over, self.shift(flow), int(flow.element is Element.INT16), flow.channels)


def make_difference(spec: DifferenceSpec, flow: Flow) -> Difference:
    return Difference(spec.over)
