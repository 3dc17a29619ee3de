"""The `stack` stage: columns in their context. Its C half is runtime/features/stack.c."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from mlforge.contract.stages_spectrum import StackSpec
from mlforge.features.flow import Flow
from mlforge.features.stage import PlainStage, require, require_int32

MOST_COLUMNS: Final = 64


class StackTables(ctypes.Structure):
    """`struct mlforge_stack`."""

    _fields_: ClassVar = [("columns", ctypes.c_uint32)]


@dataclass(frozen=True, slots=True)
class Stack(PlainStage):
    """The newest `columns` columns behind each other, the oldest first."""

    columns: int

    template: ClassVar[str] = "stack.c.j2"
    function: ClassVar[str] = "mlforge_stack_process"
    wants: ClassVar[str] = "mlforge_stack_wants"
    reset: ClassVar[str] = "mlforge_stack_reset"

    def output(self, flow: Flow) -> Flow:
        require_int32(flow, "stack")
        require(2 <= self.columns <= MOST_COLUMNS, "stack", f"{self.columns} columns: 2 to {MOST_COLUMNS}")
        span = flow.span + (self.columns - 1) * flow.hop
        return replace(flow, rows=self.columns * flow.rows, span=span, row_bits=flow.row_bits * self.columns)

    def state_bytes(self, flow: Flow) -> int:
        return 8 + 4 * self.columns * flow.length

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        return StackTables(self.columns)


def make_stack(spec: StackSpec, flow: Flow) -> Stack:
    return Stack(spec.columns)
