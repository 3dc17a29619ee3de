"""The `pre_emphasis` stage: y[n] = x[n] - factor x[n - 1]. Its C half is runtime/features/pre_emphasis.c."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from mlforge.contract.stages_signal import PreEmphasisSpec
from mlforge.features.flow import Element, Flow
from mlforge.features.stage import PlainStage, require, require_signal, scaled_down

Q15: Final = 1 << 15
GUARD_BITS: Final = 8  # more fraction bits than samples have, where there is room


class PreEmphasisTables(ctypes.Structure):
    """`struct mlforge_pre_emphasis`."""

    _fields_: ClassVar = [
        ("factor", ctypes.c_int32),
        ("shift", ctypes.c_uint8),
        ("narrow", ctypes.c_uint8),
        ("samples", ctypes.c_uint8),
        ("channels", ctypes.c_uint16),
    ]


@dataclass(frozen=True, slots=True)
class PreEmphasis(PlainStage):
    """`factor` in Q15. `narrow`: int16 samples stay int16 (saturated), so that frames of them take half the RAM."""

    factor: int
    narrow: bool = False

    template: ClassVar[str] = "pre_emphasis.c.j2"
    function: ClassVar[str] = "mlforge_pre_emphasis_process"
    reset: ClassVar[str] = "mlforge_begun_reset"

    def output(self, flow: Flow) -> Flow:
        require_signal(flow, "pre_emphasis")
        require(0 <= self.factor <= Q15, "pre_emphasis", f"a factor of {self.factor} / 2^15")
        if self.narrow:
            require(flow.element is Element.INT16, "pre_emphasis", "only int16 samples are narrow")
            low, high = Element.INT16.range
            return replace(flow, low=low, high=high)
        largest = scaled_down(self._bound(flow), self.shift(flow))
        return replace(
            flow, element=Element.INT32, frac_bits=flow.frac_bits + 15 - self.shift(flow), low=-largest, high=largest
        )

    def _bound(self, flow: Flow) -> int:
        return (Q15 + self.factor) * max(abs(flow.low), abs(flow.high))

    def shift(self, flow: Flow) -> int:
        if self.narrow:
            return 15
        return next(shift for shift in range(15 - GUARD_BITS, 64) if scaled_down(self._bound(flow), shift) < 2**31)

    def state_bytes(self, flow: Flow) -> int:
        return 4 * (1 + flow.channels)

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        narrow = flow.element is Element.INT16
        return PreEmphasisTables(self.factor, self.shift(flow), int(self.narrow), int(narrow), flow.channels)


def make_pre_emphasis(spec: PreEmphasisSpec, flow: Flow, framed: bool) -> PreEmphasis:
    """`framed`: frames of the samples follow."""
    return PreEmphasis(round(spec.factor * Q15), framed and flow.element is Element.INT16)
