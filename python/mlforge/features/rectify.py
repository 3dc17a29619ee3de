"""The `rectify` stage: magnitudes of samples. No contract names it: it is the first half of `envelope`. Its C half is
runtime/features/rectify.c."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, replace
from typing import ClassVar

from mlforge.features.flow import Element, Flow
from mlforge.features.stage import PlainStage, require_signal


class RectifyTables(ctypes.Structure):
    """`struct mlforge_rectify`."""

    _fields_: ClassVar = [("shift", ctypes.c_uint8), ("samples", ctypes.c_uint8), ("channels", ctypes.c_uint16)]


@dataclass(frozen=True, slots=True)
class Rectify(PlainStage):
    """|x|; halved where the smallest int32 may occur, whose magnitude does not fit."""

    template: ClassVar[str] = "rectify.c.j2"
    function: ClassVar[str] = "mlforge_rectify_process"

    def output(self, flow: Flow) -> Flow:
        require_signal(flow, "envelope")
        shift = self.shift(flow)
        largest = max(abs(flow.low), abs(flow.high)) >> shift
        return replace(flow, element=Element.INT32, frac_bits=flow.frac_bits - shift, low=0, high=largest)

    def shift(self, flow: Flow) -> int:
        return int(max(abs(flow.low), abs(flow.high)) >= 2**31)

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        return RectifyTables(self.shift(flow), int(flow.element is Element.INT16), flow.channels)
