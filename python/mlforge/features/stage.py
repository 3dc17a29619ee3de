"""What a fitted stage is: whole numbers, what it makes of what it is given, and its C half."""

from __future__ import annotations

import ctypes
from typing import Any, ClassVar, Final, Protocol

from mlforge.errors import DataError
from mlforge.features.flow import Element, Flow

UNLIMITED: Final = 2**32 - 1  # blocks at once


class Stage(Protocol):
    """A fitted stage. Its tables are frozen data; the C half is a file of runtime/features.

    The class attributes name C functions of runtime/features, empty where there is none, and the template of its
    tables in features/templates.
    """

    template: ClassVar[str]
    wants: ClassVar[str]
    reset: ClassVar[str]
    keeps_output: ClassVar[bool]  # what it makes grows in its place, and its next block begins with a part of it
    in_place: ClassVar[bool]  # may write where it reads
    works_in_output: ClassVar[bool]  # may use the place of what it makes as its scratch

    def process(self, flow: Flow) -> str:
        """The C function that computes it, for what it takes."""
        ...

    def output(self, flow: Flow) -> Flow:
        """What it makes of `flow`. Raises DataError where it cannot take it, or an intermediate might overflow."""
        ...

    def work_bytes(self, flow: Flow) -> int:
        """Scratch that it needs while it works, beside input and output."""
        ...

    def state_bytes(self, flow: Flow) -> int:
        """What it remembers, beside an output that it keeps; all zero after a reset."""
        ...

    def common_bytes(self, flow: Flow) -> int:
        """What its next block begins with: where it saves that, its output is anybody's between two blocks."""
        ...

    def runs(self, flow: Flow) -> int:
        """How many blocks it takes at once at most."""
        ...

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        """Its C structure in memory, for the host; the structure keeps its arrays alive."""
        ...


class PlainStage:
    """What most stages have in common: no state, no scratch, and one block for each."""

    __slots__ = ()

    function: ClassVar[str]  # where one computes it, whatever it takes
    wants: ClassVar[str] = ""
    reset: ClassVar[str] = ""
    keeps_output: ClassVar[bool] = False
    in_place: ClassVar[bool] = False
    works_in_output: ClassVar[bool] = False

    def process(self, flow: Flow) -> str:
        return self.function

    def work_bytes(self, flow: Flow) -> int:
        return 0

    def state_bytes(self, flow: Flow) -> int:
        return 0

    def common_bytes(self, flow: Flow) -> int:
        return 0

    def runs(self, flow: Flow) -> int:
        return UNLIMITED


def require(sound: bool, stage: str, why: str) -> None:
    """Raises DataError with the stage's name."""
    if not sound:
        raise DataError(f"the feature stage `{stage}` cannot be computed: {why}")


def require_int32(flow: Flow, stage: str) -> None:
    """For stages that take plain int32 values."""
    plain = flow.exponents is None and flow.noise_bits is None
    require(flow.element is Element.INT32 and plain, stage, "it takes int32 values without exponents")


def require_values(flow: Flow, stage: str) -> None:
    """For stages that take plain int16 or int32 values."""
    plain = flow.exponents is None and flow.noise_bits is None
    require(flow.element is not Element.INT8 and plain, stage, "it takes values without exponents")


def require_signal(flow: Flow, stage: str) -> None:
    """For stages that take the signal, sample by sample, as int16 or int32."""
    sound = flow.rows == 1 and flow.exponents is None and flow.element is not Element.INT8 and flow.channels < 2**16
    require(sound, stage, "it takes the signal, sample by sample")


def scaled_down(bound: int, shift: int) -> int:
    """What a magnitude of at most `bound` is at most behind a right shift that rounds to nearest."""
    return (bound + (1 << (shift - 1)) >> shift) + 1


def array(kind: type[Any], values: tuple[int, ...]) -> Any:
    """A C array of the values."""
    return (kind * max(1, len(values)))(*values)
