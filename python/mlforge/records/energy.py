"""`Energy`: what an inference takes from the battery. Estimated: a time from `Cost`, times the currents of a board."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Energy:
    """Averages are None where nothing says how often the model runs."""

    inference_uj: float  # features and waking up included
    average_ua: float | None  # sleep included
    rise_k: float | None  # of the chip over its surroundings, on average
    battery_h: float | None  # that the battery lasts, if the model is all it feeds
    method: str  # such as "estimated: time x 25 mA at 1.8 V (stm32l4r5)"


@dataclass(frozen=True, slots=True)
class MeasuredPower:
    """What a power meter says of one board. The energy of an inference is above what the board draws asleep."""

    inference_uj: float  # of the network alone
    standard_error_uj: float  # of the mean over the bursts
    inference_us: float  # of the network alone, by the board's own counter
    active_ua: float
    sleep_ua: float
    supply_v: float
    bursts: int
    count: int  # inferences in each burst
    probe: str
    gate: str  # how the bursts were told: "pin" or "current"


@dataclass(frozen=True, slots=True)
class Duty:
    """One way to run the model: a clock and the time between two inferences."""

    clock_hz: int
    period_us: float
    busy: float  # share of the time that the processor computes, 0 to 1
    in_time: bool  # keeps the contract's latency, and ends before the next inference begins
    energy: Energy
