"""That the sealed test split is open, and for whom: without an `Opening` nobody reads it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Opening:
    """`trials` of this study have seen the test split, and `models` in all."""

    trials: tuple[int, ...]
    models: int
