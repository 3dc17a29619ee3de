"""`Decision`: how the int8 scores of one model come to decisions, in windows and whole numbers only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Decision:
    """`thresholds` has enter and leave of each class, int8 in the quantisation of the model's output; `background` says
    of each class whether it is no event. Lengths are in windows. `given_bytes` is 0 where the model's output is the
    scores; an autoencoder's decision keeps a copy of so large an input, and thresholds are levels of its error."""

    thresholds: tuple[tuple[int, int], ...]
    background: tuple[bool, ...]
    smoothing: int
    consecutive: int
    refractory: int
    given_bytes: int = 0

    @property
    def classes(self) -> int:
        return len(self.background)
