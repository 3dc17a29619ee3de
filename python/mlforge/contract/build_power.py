"""The contract's `power`: a shipped profile by name, or a project's own, or a shipped one with changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final, TypeVar

from mlforge.contract.build_stages import known_settings
from mlforge.contract.power import ActivePoint, PowerSpec, Regulator
from mlforge.contract.reader import Reader
from mlforge.contract.schema import did_you_mean, show
from mlforge.contract.tree import parse
from mlforge.contract.units import (
    parse_charge,
    parse_clock,
    parse_current,
    parse_current_per_clock,
    parse_thermal,
    parse_time,
    parse_voltage,
)

_NEEDED: Final = ("supply", "active", "sleep", "source")
_SETTINGS: Final = (
    "profile",
    *_NEEDED,
    "regulator",
    "wake_up",
    "thermal_resistance",
    "band",
    "period",
    "battery",
)
_NOTHING: Final = PowerSpec("own", 1.0, (ActivePoint(1_000_000, 1.0),), 0.0, "")
_PROFILES: Final = Path(__file__).parent / "power_profiles.yaml"
T = TypeVar("T")


def build_power(reader: Reader) -> PowerSpec | None:
    """None where the contract names no board's currents, or where they were refused."""
    node = reader.node("power")
    if node is None:
        return None
    if isinstance(node.value, str):
        return _shipped(reader, ("power",), node.value)
    if not isinstance(node.value, dict):
        reader.wrong(("power",), show(node), f"a profile ({', '.join(profiles())}), or a mapping of currents")
        return None
    known_settings(reader, ("power",), _SETTINGS)
    if "profile" in node.value:
        base = _shipped(reader, ("power", "profile"), reader.text("power", "profile"))
        return None if base is None else _read(reader, ("power",), base)
    if missing := [name for name in _NEEDED if name not in node.value]:
        reader.wrong(("power",), f"power without {', '.join(missing)}", "them, or a `profile` to begin with")
        return None
    return _read(reader, ("power",), _NOTHING)


@cache
def profiles() -> Mapping[str, PowerSpec]:
    """The shipped profiles by name."""
    root = parse(_PROFILES.read_text(encoding="utf-8"), _no_report)
    if root is None or not isinstance(root.value, dict):
        return {}
    reader = Reader(root, frozenset(), _no_report)
    return {name: replace(_read(reader, (name,), _NOTHING), name=name) for name in root.value}


def _shipped(reader: Reader, steps: tuple[str, ...], name: str) -> PowerSpec | None:
    if name not in profiles():
        reader.wrong(steps, f"the unknown profile {name!r}", did_you_mean(name, list(profiles())))
        return None
    return profiles()[name]


def _read(reader: Reader, steps: tuple[str, ...], base: PowerSpec) -> PowerSpec:
    """What `base` says, and in place of it what stands in the mapping at `steps`."""
    supply_v = _or(reader, parse_voltage, (*steps, "supply"), base.supply_v)
    regulator = reader.choice(Regulator, *steps, "regulator", default=base.regulator)
    active = _active(reader, (*steps, "active"))
    return PowerSpec(
        name=base.name,
        supply_v=supply_v,
        regulator=regulator,
        active=active or base.at_supply(supply_v),
        sleep_ua=_or(reader, parse_current, (*steps, "sleep"), base.sleep_ua),
        source=reader.text(*steps, "source", default=base.source),
        wake_us=_or(reader, parse_time, (*steps, "wake_up"), base.wake_us),
        thermal_k_per_w=_or(reader, parse_thermal, (*steps, "thermal_resistance"), base.thermal_k_per_w),
        band=_band(reader, (*steps, "band")) or (None if active else base.band),
        period_us=_or(reader, parse_time, (*steps, "period"), base.period_us),
        battery_mah=_or(reader, parse_charge, (*steps, "battery"), base.battery_mah),
    )


def _band(reader: Reader, steps: tuple[str, ...]) -> tuple[float, float] | None:
    node = reader.node(*steps)
    ends = [item.value for item in (node.items if node else []) if isinstance(item.value, int | float)]
    if len(ends) != 2:
        return None
    if not 0 < ends[0] <= ends[1]:
        reader.wrong(steps, f"[{ends[0]:g}, {ends[1]:g}]", "the least and the greatest ratio, such as [0.8, 1.2]")
    return float(ends[0]), float(ends[1])


def _active(reader: Reader, steps: tuple[str, ...]) -> tuple[ActivePoint, ...]:
    """A current per MHz, or currents by clock; empty where there is none, or a wrong one."""
    node = reader.node(*steps)
    if node is None:
        return ()
    if not isinstance(node.value, dict):
        per_mhz = reader.quantity(parse_current_per_clock, *steps)
        return () if per_mhz is None else (ActivePoint(1_000_000, per_mhz),)
    points = []
    for clock in node.value:
        try:
            clock_hz = parse_clock(clock)
        except ValueError as error:
            reader.wrong((*steps, clock), repr(clock), str(error))
            continue
        current_ua = reader.quantity(parse_current, *steps, clock)
        if current_ua is not None:
            points.append(ActivePoint(clock_hz, current_ua))
    if not node.value:
        reader.wrong(steps, "no clock", "a current by clock, such as {64 MHz: 3.3 mA}")
    return tuple(sorted(points, key=lambda point: point.clock_hz))


def _or(reader: Reader, parser: Callable[[str], float], steps: tuple[str, ...], otherwise: T) -> float | T:
    """The quantity at `steps`, or `otherwise` where none is given."""
    found = reader.quantity(parser, *steps)
    return otherwise if found is None else found


def _no_report(line: int, key: str, found: str, expected: str) -> None:
    raise ValueError(f"{_PROFILES}:{line}: {key}: {found}, expected {expected}")
