"""The window stage: which blocks form one model input. Its C half is runtime/features/window.c."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """The first input is complete after `length` frames, each further one `hop` frames later."""

    length: int
    hop: int

    def count(self, frames: int) -> int:
        """How many inputs a recording of so many frames gives."""
        return 0 if frames < self.length else 1 + (frames - self.length) // self.hop
