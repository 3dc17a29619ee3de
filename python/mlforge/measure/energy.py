"""Energy, average current and heat: the time that a target measured, times what a board draws (docs/energy.md).

With the active current I, the sleep current S, the supply U and an inference that keeps the processor awake for t:

    energy of an inference   E = U I t
    average current          A = (I t + S (T - t)) / T, an inference every T
    rise in temperature      U A R, by the thermal resistance R from junction to ambient

An estimate: the currents are a data sheet's or others' measurements, and a chip's real current depends on the code.
"""

from __future__ import annotations

from typing import Final

from mlforge.contract.contract import Contract
from mlforge.contract.power import PowerSpec
from mlforge.contract.units import format_current
from mlforge.records.cost import Cost
from mlforge.records.energy import Duty, Energy, MeasuredPower

_SLOWER: Final = (1, 2, 4)  # times the period, that `duties` looks at


def energy_of(contract: Contract, cost: Cost) -> Energy | None:
    """None where the contract names no board's currents."""
    if contract.power is None:
        return None
    period_us = contract.power.period_us or cost.period_us
    return estimate(contract.power, contract.target.clock_hz, cost.awake_us, period_us)


def estimate(power: PowerSpec, clock_hz: int, busy_us: float, period_us: float | None) -> Energy:
    """`busy_us` at `clock_hz`, every `period_us`. One that takes longer than that never sleeps."""
    active_ua = power.active_ua(clock_hz)
    awake_us = busy_us + power.wake_us
    average_ua = None
    if period_us is not None:
        busy = min(awake_us / period_us, 1.0)
        average_ua = busy * active_ua + (1 - busy) * power.sleep_ua
    return Energy(
        inference_uj=active_ua * power.supply_v * awake_us / 1e6,
        average_ua=average_ua,
        rise_k=_rise(power, average_ua),
        battery_h=None if average_ua is None or not power.battery_mah else power.battery_mah * 1000 / average_ua,
        method=f"estimated: time × {format_current(active_ua)} at {power.supply_v:g} V ({power.name})",
    )


def measured(contract: Contract, cost: Cost, power: MeasuredPower) -> Energy:
    """What a meter measured of the network, with the features at the same power for the time that they take. Without a
    period, average and heat are unknown."""
    spec = contract.power
    inference_uj = power.inference_uj * cost.awake_us / cost.latency_us
    period_us = (spec.period_us if spec else None) or cost.period_us
    average_ua = None
    if period_us is not None:
        average_ua = inference_uj / (power.supply_v * period_us) * 1e6 + power.sleep_ua
    error = power.standard_error_uj / power.inference_uj if power.inference_uj else 0.0
    return Energy(
        inference_uj=inference_uj,
        average_ua=average_ua,
        rise_k=_rise(spec, average_ua) if spec else None,
        battery_h=None if not average_ua or not spec or not spec.battery_mah else spec.battery_mah * 1000 / average_ua,
        method=f"measured: {power.probe}, {power.bursts} bursts of {power.count} inferences at {power.supply_v:g} V, "
        f"± {error:.1%}",
    )


def duties(contract: Contract, cost: Cost) -> tuple[Duty, ...]:
    """The clocks of the board's profile by one, two and four times the period, of the least current first. Empty where
    the board's currents or the period are unknown, or where a device measured (it says nothing of other clocks)."""
    power = contract.power
    period_us = None if power is None else power.period_us or cost.period_us
    if power is None or period_us is None or cost.cycles is None or cost.feature_cycles is None:
        return ()
    last, limit_us = cost.cycles + cost.feature_cycles, contract.limits.latency_us
    cycles = cost.awake_us * contract.target.clock_hz / 1e6
    clocks = sorted({contract.target.clock_hz, *(point.clock_hz for point in power.active if len(power.active) > 1)})
    found = []
    for clock_hz in clocks:
        latency_us, busy_us = last * 1e6 / clock_hz, cycles * 1e6 / clock_hz
        for times in _SLOWER:
            every_us = period_us * times
            busy = (busy_us + power.wake_us) / every_us
            in_time = busy <= 1 and (limit_us is None or latency_us <= limit_us)
            energy = estimate(power, clock_hz, busy_us, every_us)
            found.append(Duty(clock_hz, every_us, min(busy, 1.0), in_time, energy))
    return tuple(sorted(found, key=lambda duty: duty.energy.average_ua or 0.0))


def _rise(power: PowerSpec, average_ua: float | None) -> float | None:
    if average_ua is None or power.thermal_k_per_w is None:
        return None
    return power.supply_v * average_ua * 1e-6 * power.thermal_k_per_w
