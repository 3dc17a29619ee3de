"""Stacked bars: who owns how many bytes, against the limit.

Knows sizes and a limit; templates/charts.svg.j2 draws.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mlforge.records.verdict import Check
from mlforge.report import units
from mlforge.report.charts import Rule, Scale


@dataclass(frozen=True, slots=True)
class Segment:
    name: str
    kind: str  # the style class
    x: float
    width: float
    size: str
    exact: str
    share: str


@dataclass(frozen=True, slots=True)
class Stack:
    id: str
    title: str
    description: str
    width: int
    segments: tuple[Segment, ...]
    limit: Rule | None
    end: float  # where the total ends


def stack(name: str, parts: Sequence[tuple[str, str, int]], total: int, limit: Check | None) -> Stack:
    """`parts` (name, style class, bytes) side by side, on a scale that holds the limit too."""
    width = 440
    bound = limit.limit if limit is not None and math.isfinite(limit.limit) else 0.0
    scale = Scale(0.0, max(bound * 1.02, total * 1.02, 1.0), 0.0, float(width))
    segments, start = [], 0
    for title, kind, size_bytes in parts:
        drawn = max(size_bytes, 0)
        x, end = scale(start), scale(start + drawn)
        share = units.percent(size_bytes / total) if total else units.NOTHING
        segment = Segment(
            title, kind, x, round(end - x, 1), units.kib(size_bytes), units.exact_bytes(size_bytes), share
        )
        segments.append(segment)
        start += drawn
    rule = None
    if bound > 0 and limit is not None:
        rule = Rule(scale(bound), f"limit {units.kib(bound)}", scale(bound) > width / 2)
    words = ", ".join(f"{segment.name} {segment.exact}" for segment in segments)
    return Stack(f"stack-{name}", f"{units.label(name)} by category", words, width, tuple(segments), rule, scale(total))
