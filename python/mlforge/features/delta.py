"""The `delta` stage: how columns change over time. Its C half is runtime/features/delta.c.

The regression of The HTK Book 3.4, 5.9: the slope of a straight line through `width` columns, by least squares.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from mlforge.contract.stages import DeltaSpec
from mlforge.features.fixed_point import Factor, factor
from mlforge.features.flow import Flow
from mlforge.features.stage import PlainStage, require, require_int32

MAX_WIDTH: Final = 9
MAX_VALUE: Final = 1 << 25  # of the columns: 10 times a difference then fits into int32


class DeltaTables(ctypes.Structure):
    """`struct mlforge_delta`."""

    _fields_: ClassVar = [("multiplier", ctypes.c_int32), ("shift", ctypes.c_uint8), ("width", ctypes.c_uint8)]


@dataclass(frozen=True, slots=True)
class Delta(PlainStage):
    """Each column with its slope behind it: sum of n (c[t + n] - c[t - n]) / (2 sum of n^2), n = 1 .. width / 2."""

    width: int

    template: ClassVar[str] = "delta.c.j2"
    function: ClassVar[str] = "mlforge_delta_process"
    wants: ClassVar[str] = "mlforge_delta_wants"
    reset: ClassVar[str] = "mlforge_delta_reset"

    def output(self, flow: Flow) -> Flow:
        require_int32(flow, "delta")
        require(self.width in range(3, MAX_WIDTH + 1, 2), "delta", f"a width of {self.width}: 3, 5, 7 or 9")
        require(
            -MAX_VALUE < flow.low <= flow.high < MAX_VALUE, "delta", "it takes columns of logarithms or coefficients"
        )
        largest = 2 * max(abs(flow.low), abs(flow.high))
        span = flow.span + (self.width - 1) * flow.hop
        return replace(flow, rows=2 * flow.rows, low=-largest, high=largest, span=span)

    @property
    def factor(self) -> Factor:
        return factor(1 / (2 * sum(n * n for n in range(1, self.width // 2 + 1))))

    def state_bytes(self, flow: Flow) -> int:
        return 8 + 4 * self.width * flow.length

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        return DeltaTables(self.factor.multiplier, self.factor.shift, self.width)


def make_delta(spec: DeltaSpec, flow: Flow) -> Delta:
    return Delta(spec.width)
