"""`Robustness`: the quality of the winner on disturbed recordings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Robustness:
    """One row: the int8 quality on the validation split with one disturbance. `change` is the value less that of the
    undisturbed recordings, with its standard error in pairs; errors are None where one group alone was measured."""

    disturbance: str  # noise, gain, offset, dropout: data/disturbance.py
    magnitude: float
    value: float
    standard_error: float | None
    change: float
    change_error: float | None
