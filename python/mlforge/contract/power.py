"""What a board draws while it computes and while it sleeps: the profile behind the limits on energy."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from enum import StrEnum


class Regulator(StrEnum):
    """What happens when the supply's voltage is another than the profile's."""

    LINEAR = "linear"  # the current stays
    SWITCHING = "switching"  # the power stays


@dataclass(frozen=True, slots=True)
class ActivePoint:
    """The current at one clock, while the processor computes."""

    clock_hz: int
    current_ua: float


@dataclass(frozen=True, slots=True)
class PowerSpec:
    """A board's currents at `supply_v`, and how often it computes.

    `band` is the least and the greatest ratio of measured energy to the estimate; None where nobody has measured.
    """

    name: str  # of the shipped profile; "own" for one that the contract spells out
    supply_v: float
    active: tuple[ActivePoint, ...]  # by clock, at least one
    sleep_ua: float
    source: str
    regulator: Regulator = Regulator.LINEAR
    wake_us: float = 0.0  # awake, but not yet computing, once for every inference
    thermal_k_per_w: float | None = None  # from junction to ambient
    band: tuple[float, float] | None = None
    period_us: float | None = None  # between two inferences; None for the hop of the features
    battery_mah: float | None = None

    def active_ua(self, clock_hz: float) -> float:
        """Between two clocks of the profile a straight line; beyond them in proportion to the clock."""
        clocks = [point.clock_hz for point in self.active]
        position = bisect_left(clocks, clock_hz)
        if position in (0, len(clocks)):
            nearest = self.active[min(position, len(clocks) - 1)]
            return nearest.current_ua * clock_hz / nearest.clock_hz
        low, high = self.active[position - 1], self.active[position]
        share = (clock_hz - low.clock_hz) / (high.clock_hz - low.clock_hz)
        return low.current_ua + share * (high.current_ua - low.current_ua)

    def at_supply(self, supply_v: float) -> tuple[ActivePoint, ...]:
        """The active currents at another supply."""
        factor = self.supply_v / supply_v if self.regulator is Regulator.SWITCHING else 1.0
        return tuple(ActivePoint(point.clock_hz, point.current_ua * factor) for point in self.active)
