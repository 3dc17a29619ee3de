"""Quantities with their unit written out: "48 KiB", "5 ms", "120 MHz". Exact arithmetic; a bare number is refused.

Sizes follow IEC 80000-13: KiB is 1,024 bytes, kB is 1,000. Nothing here knows contracts or files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Final

_QUANTITY: Final = re.compile(r"(?P<number>[+-]?(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15}))\s*(?P<unit>[A-Za-zµμ%]*)")

SIZES: Final[Mapping[str, Fraction]] = {
    "B": Fraction(1),
    "kB": Fraction(1000),
    "KiB": Fraction(1024),
    "MB": Fraction(1000**2),
    "MiB": Fraction(1024**2),
}
TIMES_US: Final[Mapping[str, Fraction]] = {
    "ns": Fraction(1, 1000),
    "us": Fraction(1),
    "µs": Fraction(1),
    "μs": Fraction(1),
    "ms": Fraction(1000),
    "s": Fraction(1_000_000),
    "min": Fraction(60_000_000),
}
ENERGIES_UJ: Final[Mapping[str, Fraction]] = {
    "nJ": Fraction(1, 1000),
    "uJ": Fraction(1),
    "µJ": Fraction(1),
    "μJ": Fraction(1),
    "mJ": Fraction(1000),
    "J": Fraction(1_000_000),
}
CURRENTS_UA: Final[Mapping[str, Fraction]] = {
    "nA": Fraction(1, 1000),
    "uA": Fraction(1),
    "µA": Fraction(1),
    "μA": Fraction(1),
    "mA": Fraction(1000),
    "A": Fraction(1_000_000),
}
VOLTAGES_V: Final[Mapping[str, Fraction]] = {"mV": Fraction(1, 1000), "V": Fraction(1)}
CHARGES_MAH: Final[Mapping[str, Fraction]] = {"mAh": Fraction(1), "Ah": Fraction(1000)}
TEMPERATURES_K: Final[Mapping[str, Fraction]] = {"mK": Fraction(1, 1000), "K": Fraction(1)}
SHARES: Final[Mapping[str, Fraction]] = {"%": Fraction(1, 100)}
SLOWEST_HZ: Final = 32_000  # watch crystals have 32,768 Hz
FASTEST_HZ: Final = 4_000_000_000
FREQUENCIES_HZ: Final[Mapping[str, Fraction]] = {
    "Hz": Fraction(1),
    "kHz": Fraction(1000),
    "MHz": Fraction(1000**2),
    "GHz": Fraction(1000**3),
}


def parse_size(text: str) -> int:
    """Bytes. Raises ValueError, whose text says what would be right."""
    value = _parse(text, SIZES, "a size such as '48 KiB'")
    if value.denominator != 1:
        raise ValueError("a whole number of bytes")
    return int(value)


def parse_time(text: str) -> float:
    """Microseconds. Raises ValueError, whose text says what would be right."""
    return float(_parse(text, TIMES_US, "a time such as '5 ms'"))


def parse_frequency(text: str) -> int:
    """Hertz. Raises ValueError, whose text says what would be right."""
    value = _parse(text, FREQUENCIES_HZ, "a frequency such as '120 MHz'")
    if value.denominator != 1:
        raise ValueError("a whole number of Hz")
    return int(value)


def parse_hertz(text: str) -> float:
    """Hertz, of a filter's edge: need not be whole. Raises ValueError, whose text says what would be right."""
    return float(_parse(text, FREQUENCIES_HZ, "a frequency such as '0.5 Hz'"))


def parse_clock(text: str) -> int:
    """Hertz of a processor's clock. Raises ValueError, whose text says what would be right."""
    clock_hz = parse_frequency(text)
    if not SLOWEST_HZ <= clock_hz <= FASTEST_HZ:
        raise ValueError(f"a clock from {format_frequency(SLOWEST_HZ)} to {format_frequency(FASTEST_HZ)}")
    return clock_hz


def parse_energy(text: str) -> float:
    """Microjoules. Raises ValueError, whose text says what would be right."""
    return float(_parse(text, ENERGIES_UJ, "an energy such as '400 uJ'"))


def parse_current(text: str) -> float:
    """Microamperes. Raises ValueError, whose text says what would be right."""
    return float(_parse(text, CURRENTS_UA, "a current such as '120 uA'"))


def parse_current_per_clock(text: str) -> float:
    """Microamperes for each MHz. Raises ValueError, whose text says what would be right."""
    current, slash, clock = text.partition("/")
    if not slash or clock.strip() != "MHz":
        raise ValueError("a current per MHz such as '52 uA/MHz', or a current by clock such as {64 MHz: 3.3 mA}")
    return parse_current(current)


def parse_voltage(text: str) -> float:
    """Volts. Raises ValueError, whose text says what would be right."""
    return float(_parse(text, VOLTAGES_V, "a voltage such as '3.0 V'"))


def parse_charge(text: str) -> float:
    """Milliampere hours. Raises ValueError, whose text says what would be right."""
    return float(_parse(text, CHARGES_MAH, "a charge such as '220 mAh'"))


def parse_temperature(text: str) -> float:
    """Kelvin, of a difference. Raises ValueError, whose text says what would be right."""
    return float(_parse(text, TEMPERATURES_K, "a difference in temperature such as '5 K'"))


def parse_thermal(text: str) -> float:
    """Kelvin for each watt. Raises ValueError, whose text says what would be right."""
    rise, slash, power = text.partition("/")
    if not slash or power.strip() != "W":
        raise ValueError("a thermal resistance such as '48 K/W'")
    return parse_temperature(rise)


def parse_share(text: str) -> float:
    """A share of the whole, at most 1. Raises ValueError, whose text says what would be right."""
    value = float(_parse(text, SHARES, "a share such as '20 %'"))
    if value > 1:
        raise ValueError("a share of at most 100 %")
    return value


def format_size(size_bytes: int) -> str:
    """The shortest exact spelling: 32768 becomes "32 KiB", 33000 "33000 B"."""
    for unit in ("MiB", "KiB"):
        if size_bytes and size_bytes % int(SIZES[unit]) == 0:
            return f"{size_bytes // int(SIZES[unit])} {unit}"
    return f"{size_bytes} B"


def format_time(time_us: float) -> str:
    for unit, scale in (("s", 1_000_000), ("ms", 1000), ("us", 1)):
        if time_us >= scale:
            return f"{time_us / scale:g} {unit}"
    return f"{time_us * 1000:g} ns"


def format_energy(energy_uj: float) -> str:
    return _scaled(energy_uj, (("J", 1e6), ("mJ", 1e3), ("uJ", 1.0), ("nJ", 1e-3)))


def format_current(current_ua: float) -> str:
    return _scaled(current_ua, (("A", 1e6), ("mA", 1e3), ("uA", 1.0), ("nA", 1e-3)))


def _scaled(value: float, units: tuple[tuple[str, float], ...]) -> str:
    unit, scale = next((pair for pair in units if value >= pair[1]), units[-1])
    return f"{value / scale:.4g} {unit}"


def format_frequency(frequency_hz: int) -> str:
    for unit in ("GHz", "MHz", "kHz"):
        if frequency_hz and frequency_hz % int(FREQUENCIES_HZ[unit]) == 0:
            return f"{frequency_hz // int(FREQUENCIES_HZ[unit])} {unit}"
    return f"{frequency_hz} Hz"


def format_share(share: float) -> str:
    return f"{share * 100:.3g} %"


def _parse(text: str, units: Mapping[str, Fraction], example: str) -> Fraction:
    known = ", ".join(unit for unit in units if unit.isascii())
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{example} (units: {known})")
    unit = match["unit"]
    if not unit:
        raise ValueError(f"{example}, with its unit written out ({known})")
    if unit not in units:
        near = next((name for name in units if name.lower() == unit.lower()), None)
        raise ValueError(f"{example}: unit {near!r}" if near else f"{example} (units: {known})")
    value = Fraction(match["number"]) * units[unit]
    if value <= 0:
        raise ValueError(f"{example}, above zero")
    return value
