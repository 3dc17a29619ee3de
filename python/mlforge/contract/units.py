"""Quantities with their unit written out: "48 KiB", "5 ms", "120 MHz". Exact arithmetic; a bare number is refused.

Sizes follow IEC 80000-13: KiB is 1,024 bytes, kB is 1,000. Nothing here knows contracts or files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Final

_QUANTITY: Final = re.compile(r"(?P<number>[+-]?(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15}))\s*(?P<unit>[A-Za-zµμ]*)")

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


def format_frequency(frequency_hz: int) -> str:
    for unit in ("GHz", "MHz", "kHz"):
        if frequency_hz and frequency_hz % int(FREQUENCIES_HZ[unit]) == 0:
            return f"{frequency_hz // int(FREQUENCIES_HZ[unit])} {unit}"
    return f"{frequency_hz} Hz"


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
