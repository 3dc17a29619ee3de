"""The geometry under every chart: scales, ticks, axes, marks. All positions are pixels of the picture's view box.

Knows numbers only: no record, no SVG (the templates draw), no colour (a mark's `kind` is a class of the style sheet).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_STEPS: Final = (1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps the values `low` to `high` linearly onto the pixels `start` to `end`. `low` is below `high`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The pixel of `value`, to a tenth; outside the scale it stays at the nearer end."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Tick:
    position: float
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    title: str
    ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """The plotting area inside a picture of `width` by `height`."""

    width: int
    height: int
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Mark:
    """One point. `shape` is dot, ring, diamond, cross, triangle or arrow; `low` and `high` end its error bar."""

    x: float
    y: float
    kind: str
    shape: str
    title: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit or goal drawn across the plot, at a pixel of one axis."""

    position: float
    label: str
    before: bool  # whether the label stands left of (or above) the line, for want of room behind it


def extent(
    values: Iterable[float], *, pad: float = 0.08, floor: float = -math.inf, top: float = math.inf
) -> tuple[float, float]:
    """Lowest and highest finite value, `pad` of their distance around, within `floor` and `top`; (0, 1) for none."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return 0.0, 1.0
    low, high = min(finite), max(finite)
    room = (high - low) * pad or max(abs(high) * 0.1, 0.05)
    low, high = max(low - room, floor), min(high + room, top)
    return (low, high) if low < high else (high - 1.0, high)


def tick_values(low: float, high: float, at_most: int) -> tuple[float, ...]:
    """Round values (1, 2 or 5 times a power of ten apart) from `low` to `high`, at most `at_most` of them."""
    span = high - low
    if not math.isfinite(span) or span <= 0 or at_most < 2:
        return ()
    power = 10.0 ** math.floor(math.log10(span / at_most))
    for factor in (*_STEPS, 20.0, 50.0):
        step = power * factor
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first + 1 <= at_most:
            return tuple(index * step for index in range(first, last + 1))
    return ()


def axis(title: str, scale: Scale, at_most: int, *, whole: bool = False) -> Axis:
    """An axis with round ticks, all labelled with the decimals that their distance needs; `whole` for counts."""
    values = tick_values(scale.low, scale.high, at_most)
    if whole and len(values) > 1 and values[1] - values[0] < 1:
        values = tuple(float(value) for value in range(math.ceil(scale.low), math.floor(scale.high) + 1))
    step = values[1] - values[0] if len(values) > 1 else 1.0
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return Axis(title, tuple(Tick(scale(value), tick_label(value, digits)) for value in values))


def tick_label(value: float, digits: int) -> str:
    """`0.85`, `12`, `12,000`; very long decimals in scientific notation."""
    return f"{value:.1e}" if digits > 5 else f"{value + 0.0:,.{digits}f}"


def path(points: Iterable[tuple[float, float]]) -> str:
    """The `d` of an SVG path through the points."""
    return " ".join(f"{'M' if index == 0 else 'L'}{x:g} {y:g}" for index, (x, y) in enumerate(points))


def steps(points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """The corners of a staircase that keeps each value until the next point."""
    corners: list[tuple[float, float]] = []
    for x, y in points:
        if corners:
            corners.append((x, corners[-1][1]))
        corners.append((x, y))
    return corners
