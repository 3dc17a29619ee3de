"""The `magnitude` stage: the Euclidean norm of groups of channels. Its C half is runtime/features/magnitude.c."""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass, replace
from itertools import chain
from typing import ClassVar, Final

from mlforge.contract.stages_signal import MagnitudeSpec
from mlforge.errors import DataError
from mlforge.features.flow import Element, Flow
from mlforge.features.stage import PlainStage, array, require, require_signal

MAX_GROUP: Final = 1024
SHIFTS: Final = range(13, -7, -1)


class MagnitudeTables(ctypes.Structure):
    """`struct mlforge_magnitude`."""

    _fields_: ClassVar = [
        ("members", ctypes.POINTER(ctypes.c_uint16)),
        ("sizes", ctypes.POINTER(ctypes.c_uint16)),
        ("shift", ctypes.c_int8),
        ("keep", ctypes.c_uint8),
        ("samples", ctypes.c_uint8),
        ("groups", ctypes.c_uint16),
        ("channels", ctypes.c_uint16),
    ]


@dataclass(frozen=True, slots=True)
class Magnitude(PlainStage):
    """One value for each of `groups` (indices of channels), behind the channels themselves where `keep` is true."""

    groups: tuple[tuple[int, ...], ...]
    keep: bool

    template: ClassVar[str] = "magnitude.c.j2"
    function: ClassVar[str] = "mlforge_magnitude_process"

    def output(self, flow: Flow) -> Flow:
        require_signal(flow, "magnitude")
        sound = (
            len(self.groups) >= 1
            and all(1 <= len(group) <= MAX_GROUP for group in self.groups)
            and all(0 <= member < flow.channels for member in self.members)
        )
        require(sound, "magnitude", f"its groups do not go with {flow.channels} channels")
        shift = self.shift(flow)
        channels = len(self.groups) + (flow.channels if self.keep else 0)
        largest = self._bound(flow, shift)
        low = -largest if self.keep else 0
        bits = flow.frac_bits + shift
        return replace(flow, element=Element.INT32, channels=channels, frac_bits=bits, low=low, high=largest)

    def _bound(self, flow: Flow, shift: int) -> int:
        largest = math.ceil(math.ldexp(max(abs(flow.low), abs(flow.high)), shift))
        return math.isqrt(max(map(len, self.groups)) * largest * largest) + 1

    def shift(self, flow: Flow) -> int:
        """The largest left shift of samples with which each norm fits into int32."""
        return next(shift for shift in SHIFTS if self._bound(flow, shift) < 2**31)

    @property
    def members(self) -> tuple[int, ...]:
        return tuple(chain.from_iterable(self.groups))

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(map(len, self.groups))

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        return MagnitudeTables(
            array(ctypes.c_uint16, self.members),
            array(ctypes.c_uint16, self.sizes),
            self.shift(flow),
            int(self.keep),
            int(flow.element is Element.INT16),
            len(self.groups),
            flow.channels,
        )


def make_magnitude(spec: MagnitudeSpec, flow: Flow) -> Magnitude:
    """Raises DataError for a channel that the signal does not have."""
    groups = spec.groups or (tuple(range(flow.channels)),)
    missing = next((member for group in groups for member in group if member >= flow.channels), None)
    if missing is not None:
        raise DataError(f"`magnitude` takes channel {missing} (counted from 0), the data have {flow.channels}")
    return Magnitude(groups, spec.keep)
