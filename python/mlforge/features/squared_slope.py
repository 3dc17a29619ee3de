"""The `squared_slope` stage: of a derivative over five samples, the square. Its C half is
runtime/features/squared_slope.c.

J. Pan, W. J. Tompkins: A Real-Time QRS Detection Algorithm, IEEE Trans. Biomed. Eng. 32 (1985) 230-236.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from mlforge.features.flow import Element, Flow
from mlforge.features.stage import PlainStage, require, require_signal

WEIGHTS: Final = 6  # 2 + 1 + 1 + 2
SCALE_BITS: Final = 3  # the derivative is the weighted sum / 8


class SquaredSlopeTables(ctypes.Structure):
    """`struct mlforge_squared_slope`."""

    _fields_: ClassVar = [
        ("before", ctypes.c_uint8),
        ("after", ctypes.c_uint8),
        ("samples", ctypes.c_uint8),
        ("channels", ctypes.c_uint16),
    ]


@dataclass(frozen=True, slots=True)
class SquaredSlope(PlainStage):
    """((2 x[n] + x[n - 1] - x[n - 3] - 2 x[n - 4]) / 8)^2, in squares of the unit per sample; `after` is the right
    shift of squares that the training recordings leave headroom for. Larger ones saturate."""

    after: int

    template: ClassVar[str] = "squared_slope.c.j2"
    function: ClassVar[str] = "mlforge_squared_slope_process"
    reset: ClassVar[str] = "mlforge_begun_reset"

    def output(self, flow: Flow) -> Flow:
        require_signal(flow, "squared_slope")
        require(0 <= self.after <= 62, "squared_slope", f"a shift of {self.after}")
        bits = 2 * (flow.frac_bits - self.before(flow) + SCALE_BITS) - self.after
        return replace(flow, element=Element.INT32, frac_bits=bits, low=0, high=2**31 - 1)

    def before(self, flow: Flow) -> int:
        """The least right shift of the sum with which it has 32 bits."""
        largest = WEIGHTS * max(abs(flow.low), abs(flow.high))
        return next(shift for shift in range(8) if largest >> shift < 2**31)

    def state_bytes(self, flow: Flow) -> int:
        return 4 * (1 + 4 * flow.channels)

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        narrow = flow.element is Element.INT16
        return SquaredSlopeTables(self.before(flow), self.after, int(narrow), flow.channels)
