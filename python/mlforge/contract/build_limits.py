"""The contract's `limits`, what candidates are held against, and `robustness`, what tries the winner."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from mlforge.contract.contract import Limits, RobustnessSpec
from mlforge.contract.products import ZephyrBoard
from mlforge.contract.reader import Reader
from mlforge.contract.units import (
    parse_current,
    parse_energy,
    parse_share,
    parse_size,
    parse_temperature,
    parse_time,
)

MAX_SIZE_BYTES: Final = 1 << 30
_THREAD: Final = re.compile(r"[A-Za-z0-9_. -]{1,31}")
MAX_TIME_US: Final = 3.6e9  # an hour; no inference on a microcontroller takes longer


def build_limits(reader: Reader) -> Limits:
    known = reader.mapping("limits")
    auto = frozenset(name for name in ("flash", "ram") if reader.text("limits", name).strip() == "auto")
    sizes: dict[str, int | None] = {}
    for name in ("flash", "ram", "stack"):
        size = None if name in auto else reader.quantity(parse_size, "limits", name)
        if size is not None and size > MAX_SIZE_BYTES:
            reader.wrong(("limits", name), repr(reader.text("limits", name)), "at most 1024 MiB")
        sizes[name] = size
    latency_us = reader.quantity(parse_time, "limits", "latency")
    if latency_us is not None and latency_us > MAX_TIME_US:
        reader.wrong(("limits", "latency"), repr(reader.text("limits", "latency")), "at most 60 min")
    _needs_rate(reader)
    if reader.node("limits") is not None and not known:
        reader.wrong(("limits",), "no limit", "at least one of flash, ram, stack, latency, cpu, energy, current")
    return Limits(
        sizes["flash"],
        sizes["ram"],
        sizes["stack"],
        latency_us,
        reader.quantity(parse_energy, "limits", "energy"),
        reader.quantity(parse_current, "limits", "current"),
        reader.quantity(parse_temperature, "limits", "temperature_rise"),
        _cpu(reader),
        auto,
        reader.quantity(parse_time, "limits", "blocking"),
        _deadlines(reader),
    )


def _needs_rate(reader: Reader) -> None:
    """What the rest of the application does while the model runs depends on how often that is."""
    for steps in (("limits", "deadlines"), ("target", "load")):
        rated = reader.node("data", "signal") is not None or reader.node("power", "period") is not None
        if reader.node(*steps) is not None and not rated:
            found = f"{steps[-1]}, where nothing says how often the model runs"
            reader.wrong(steps, found, "data.signal: {rate: ...}, or power.period")


def _deadlines(reader: Reader) -> dict[str, float]:
    """Microseconds by the thread's name in Zephyr."""
    node = reader.node("limits", "deadlines")
    if node is not None and not reader.mapping("limits", "deadlines"):
        reader.wrong(("limits", "deadlines"), "no thread", "names of threads with times, such as {control: 2 ms}")
    found: dict[str, float] = {}
    for name in reader.mapping("limits", "deadlines"):
        if not _THREAD.fullmatch(str(name)):
            expected = "a thread's name: at most 31 letters, digits, spaces, and any of _.-"
            reader.wrong(("limits", "deadlines"), f"the name {str(name)!r}", expected)
            continue
        deadline_us = reader.quantity(parse_time, "limits", "deadlines", name)
        if deadline_us is not None:
            found[name] = deadline_us
    return found


def _cpu(reader: Reader) -> float | None:
    """A share of the clock means something where samples come at a known rate."""
    steps = ("limits", "cpu")
    if reader.node(*steps) is not None and reader.node("data", "signal") is None:
        reader.wrong(steps, "cpu of a signal whose rate is unknown", "data.signal with its rate, such as {rate: 50 Hz}")
    return reader.quantity(parse_share, *steps)


def build_robustness(reader: Reader) -> RobustnessSpec:
    """Kinds that are not named have their default magnitudes; an empty list leaves one out."""
    default = RobustnessSpec()
    given = {}
    for kind, magnitudes in (
        ("noise", default.noise),
        ("gain", default.gain),
        ("offset", default.offset),
        ("dropout", default.dropout),
    ):
        node = reader.node("robustness", kind)
        items = node.items if node is not None else []
        numbers = [item.value for item in items if isinstance(item.value, int | float)]
        given[kind] = magnitudes if node is None else tuple(float(number) for number in numbers)
    return RobustnessSpec(**given)


def within_board(limits: Limits, board: ZephyrBoard | None) -> Limits:
    """No model takes more flash or RAM than its board has: limits where the contract gives none."""
    if board is None:
        return limits
    flash = limits.flash_bytes is None and "flash" not in limits.auto
    ram = limits.ram_bytes is None and "ram" not in limits.auto
    return replace(
        limits,
        flash_bytes=board.flash_bytes if flash else limits.flash_bytes,
        ram_bytes=board.ram_bytes if ram else limits.ram_bytes,
    )
