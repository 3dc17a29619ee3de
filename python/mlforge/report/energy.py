"""What the page and the terminal say of energy: one inference, the average, and other ways to run the model."""

from __future__ import annotations

from dataclasses import dataclass

from rich.table import Table

from mlforge.app.energy_log import Measured
from mlforge.contract.contract import Contract
from mlforge.contract.power import PowerSpec
from mlforge.contract.units import format_current, format_energy, format_frequency, format_time
from mlforge.measure.energy import duties, energy_of
from mlforge.records.cost import Cost
from mlforge.records.energy import Duty, Energy
from mlforge.report import units
from mlforge.report.house import house_table


@dataclass(frozen=True, slots=True)
class DutyRow:
    clock: str
    period: str
    busy: str
    current: str
    battery: str
    note: str  # empty where the contract's latency is kept


@dataclass(frozen=True, slots=True)
class EnergySection:
    facts: tuple[tuple[str, str], ...]
    note: str
    duties: tuple[DutyRow, ...]


def energy_section(contract: Contract | None, cost: Cost | None) -> EnergySection | None:
    """None where the contract names no board's currents, or nothing was measured."""
    if contract is None or cost is None or contract.power is None:
        return None
    energy = energy_of(contract, cost)
    if energy is None:
        return None
    rows = tuple(_duty(duty) for duty in duties(contract, cost))
    return EnergySection(tuple(_facts(energy)), _note(contract.power, energy), rows)


def measured_table(measured: Measured) -> Table:
    """What a power meter measured, beside the estimate where there is one."""
    power, estimate = measured.power, measured.estimate
    table = house_table(f"Energy: {measured.energy.method}", "", "measured>", "estimated>")
    error = f" ± {format_energy(power.standard_error_uj)}"
    rows = [
        ("the network alone", format_energy(power.inference_uj) + error, ""),
        (
            "an inference, with its features",
            format_energy(measured.energy.inference_uj),
            format_energy(estimate.inference_uj) if estimate else "",
        ),
        ("asleep", format_current(power.sleep_ua), ""),
        ("awake", format_current(power.active_ua), ""),
    ]
    for row in rows:
        table.add_row(*row)
    if measured.ratio is not None:
        table.caption = f"measured / estimated: {measured.ratio:.2f} on this board; bursts told by the {power.gate}"
    return table


def battery_life(hours: float | None) -> str:
    """`3.2 h`, `12 days` or `1.8 years`."""
    if hours is None:
        return units.NOTHING
    if hours < 48:
        return f"{hours:.3g} h"
    return f"{hours / 24:.3g} days" if hours < 2 * 8766 else f"{hours / 8766:.3g} years"


def _facts(energy: Energy) -> list[tuple[str, str]]:
    found = [("Energy of an inference", format_energy(energy.inference_uj))]
    if energy.average_ua is not None:
        found.append(("Average current, sleep included", format_current(energy.average_ua)))
    if energy.rise_k is not None:
        found.append(("Rise in temperature", f"{energy.rise_k:.3g} K"))
    if energy.battery_h is not None:
        found.append(("Battery life, of the model alone", battery_life(energy.battery_h)))
    return found


def _note(power: PowerSpec, energy: Energy) -> str:
    band = "nobody has held this profile against measurements"
    if power.band is not None:
        band = f"measured energies were {power.band[0]:g} to {power.band[1]:g} times such estimates"
    return f"{energy.method[0].upper()}{energy.method[1:]}; {band}. Source: {units.one_line(power.source, 400)}."


def _duty(duty: Duty) -> DutyRow:
    late = "" if duty.in_time else "too slow"
    average_ua = duty.energy.average_ua
    return DutyRow(
        format_frequency(duty.clock_hz),
        format_time(duty.period_us),
        units.percent(duty.busy),
        units.NOTHING if average_ua is None else format_current(average_ua),
        battery_life(duty.energy.battery_h),
        late,
    )
