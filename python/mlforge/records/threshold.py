"""`Threshold`: where a decision is taken, and what it then does."""

from __future__ import annotations

from dataclasses import dataclass

from mlforge.records.quality import Split


@dataclass(frozen=True, slots=True)
class AlarmRates:
    """Of one split: the share of normal examples above the threshold, and the share of anomalous ones."""

    split: Split
    false_alarms: float
    detected: float
    normal: int  # examples
    anomalous: int


@dataclass(frozen=True, slots=True)
class Threshold:
    """A score above `value` is an alarm. `rates` are those of the int8 model. `rule` is the share of false alarms that
    the contract's rule allowed; None where the contract stated the number."""

    name: str
    value: float
    rates: tuple[AlarmRates, ...]
    rule: float | None = None
