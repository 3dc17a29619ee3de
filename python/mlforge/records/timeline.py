"""What ran when: stretches of execution on named tracks, in instructions of what is measured."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Track(StrEnum):
    """From what contains to what is contained."""

    INTERRUPT = "interrupts"
    THREAD = "threads"
    FRAME = "sensor frames"
    DEADLINE = "deadlines"  # from an inference's last frame to its result
    WINDOW = "model"  # whole inferences, and whole stretches of features
    OPERATOR = "operators"
    STAGE = "feature stages"


@dataclass(frozen=True, slots=True)
class Slice:
    track: Track
    name: str
    begin: int
    end: int

    @property
    def instructions(self) -> int:
        return self.end - self.begin


@dataclass(frozen=True, slots=True)
class Timeline:
    """`slices` by their beginning; those of one track do not overlap. A unit takes `ns_each`: in QEMU, an
    instruction does."""

    model: str
    target: str
    slices: tuple[Slice, ...]
    ns_each: int = 1
    unit: str = "instructions"  # or nanoseconds, of a board

    @property
    def end(self) -> int:
        return max((each.end for each in self.slices), default=0)
