"""The `frame` stage: overlapping stretches of the signal. Its C half is runtime/features/framer.c."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from mlforge.contract.stages import FrameSpec
from mlforge.features.flow import Flow
from mlforge.features.stage import PlainStage, require

MAX_FRAME: Final = 1 << 16


class FramerTables(ctypes.Structure):
    """`struct mlforge_framer`."""

    _fields_: ClassVar = [("length", ctypes.c_uint32), ("hop", ctypes.c_uint32), ("bytes", ctypes.c_uint32)]


@dataclass(frozen=True, slots=True)
class Framer(PlainStage):
    """Stretches of `length` frames of the signal, one every `hop`."""

    length: int
    hop: int

    template: ClassVar[str] = "framer.c.j2"
    function: ClassVar[str] = "mlforge_framer_process"
    wants: ClassVar[str] = "mlforge_framer_wants"
    reset: ClassVar[str] = "mlforge_framer_reset"
    keeps_output: ClassVar[bool] = True

    def output(self, flow: Flow) -> Flow:
        require(flow.rows == 1 and flow.exponents is None, "frame", "it takes the signal, frame by frame")
        require(1 <= self.hop <= self.length <= MAX_FRAME, "frame", f"length {self.length} and hop {self.hop}")
        return replace(
            flow,
            rows=self.length,
            rate=flow.rate / self.hop,
            span=flow.span + (self.length - 1) * flow.hop,
            hop=self.hop * flow.hop,
        )

    def state_bytes(self, flow: Flow) -> int:
        return 4

    def common_bytes(self, flow: Flow) -> int:
        return (self.length - self.hop) * flow.size_bytes

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        return FramerTables(self.length, self.hop, flow.size_bytes)


def make_framer(spec: FrameSpec, flow: Flow) -> Framer:
    return Framer(spec.length, spec.hop)
