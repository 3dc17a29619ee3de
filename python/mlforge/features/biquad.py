"""Second-order sections in whole numbers: rounding, stability, and how large what they make can become.

The bound of a linear filter's output is the sum of its impulse response's magnitudes times the largest input; no
signal reaches more. Each section rounds down and carries the rest into its next sum (first-order error feedback), which
adds at most the same sum of (1 - 1 / z) / A(z), in units of the fixed point.
"""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeAlias

Section: TypeAlias = tuple[int, int, int, int, int]  # b0, b1, b2, a1, a2, each times 2^bits

LIMIT: Final = 2**31 - 1
MARGIN: Final = 1.001  # over what floating point sums, and over the tail that is left out
TAIL: Final = 1e-9
MAX_RESPONSE: Final = 1 << 18  # samples; a filter that rings longer is refused


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of each section: the largest output for inputs of magnitude 1, and what rounding adds, in units."""

    peaks: tuple[float, ...]
    rounding: tuple[float, ...]


def is_stable(section: Section, bits: int) -> bool:
    """Whether both poles lie inside the unit circle: exact, of the rounded coefficients."""
    one, a1, a2 = 1 << bits, section[3], section[4]
    return abs(a2) < one and abs(a1) < one + a2


def response(section: Section, bits: int, angle: float) -> complex:
    """At an angle in radians per sample."""
    z = cmath.exp(-1j * angle)
    b0, b1, b2, a1, a2 = section
    return (b0 + (b1 + b2 * z) * z) / ((1 << bits) + (a1 + a2 * z) * z)


def rings(section: Section, bits: int) -> int:
    """Samples until its impulse response has died away."""
    a1, a2 = section[3] / 2.0**bits, section[4] / 2.0**bits
    root = cmath.sqrt(a1 * a1 / 4 - a2)
    radius = max(abs(-a1 / 2 + root), abs(-a1 / 2 - root))
    return 4 if radius == 0 else 4 + math.ceil(1.5 * math.log(TAIL) / math.log(radius))


@cache
def bounds(sections: tuple[Section, ...], bits: int) -> Bounds:
    """For stable sections that ring for at most MAX_RESPONSE samples."""
    count = max(rings(section, bits) for section in sections)
    signal = [1.0] + [0.0] * (count - 1)
    peaks, rounding, error = [], [], 0.0
    for section in sections:
        signal = _filtered(signal, section, bits)
        peaks.append(_sum(signal))
        own = _sum(_filtered([1.0] + [0.0] * (count - 1), section, bits))
        one = float(1 << bits)
        noise = _sum(_filtered([one, -one] + [0.0] * (count - 2), (1, 0, 0, section[3], section[4]), bits))
        error = error * own + noise + 1
        rounding.append(error)
    return Bounds(tuple(peaks), tuple(rounding))


def _sum(values: list[float]) -> float:
    return math.fsum(abs(value) for value in values) * MARGIN


def _filtered(signal: list[float], section: Section, bits: int) -> list[float]:
    b0, b1, b2, a1, a2 = (value / 2.0**bits for value in section)
    x1 = x2 = y1 = y2 = 0.0
    made = []
    for x in signal:
        y = b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2
        x2, x1, y2, y1 = x1, x, y1, y
        made.append(y)
    return made
