"""The figure of docs/performance.md: the best within all limits against the number of evaluations, a panel a task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mlforge.report.charts import Axis, Frame, Scale, axis, extent, path, steps
from searching.summary import PROPOSERS, Floats, band, curves

PANEL_WIDTH, HEIGHT = 330, 300


@dataclass(frozen=True, slots=True)
class Line:
    """Paths of an SVG. `area` is the band around it."""

    proposer: str
    path: str
    area: str


@dataclass(frozen=True, slots=True)
class Panel:
    title: str
    frame: Frame
    x: Axis
    y: Axis
    lines: tuple[Line, ...]


def figure(results: Mapping[str, Any]) -> str:
    """An SVG of its own."""
    panels = [_panel(results, task, number) for number, task in enumerate(results["tasks"])]
    shown = [name for name in PROPOSERS if any(line.proposer == name for panel in panels for line in panel.lines)]
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, trim_blocks=True, autoescape=True
    )
    template = environment.get_template("figure.svg.j2")
    return template.render(panels=panels, width=PANEL_WIDTH * len(panels), height=HEIGHT, proposers=shown) + "\n"


def _panel(results: Mapping[str, Any], task: str, number: int) -> Panel:
    left = PANEL_WIDTH * number
    frame = Frame(PANEL_WIDTH, HEIGHT, left + 52.0, 34.0, left + PANEL_WIDTH - 10.0, HEIGHT - 76.0)
    found = {name: best for name in PROPOSERS if len(best := curves(results, task, name)[1])}
    settled = [end[at] for best in found.values() for end in band(best) for at in range(2, best.shape[1])]
    y = Scale(*extent(map(float, settled), top=1.0), frame.bottom, frame.top)
    x = Scale(1, results["trials"], frame.left, frame.right)
    metric = results["tasks"][task]["metric"]
    return Panel(
        title=task,
        frame=frame,
        x=axis("evaluations", x, 8, whole=True),
        y=axis(f"best {metric} within the limits", y, 6),
        lines=tuple(_line(name, best, x, y) for name, best in found.items()),
    )


def _line(name: str, best: Floats, x: Scale, y: Scale) -> Line:
    mean, (low, high) = best.mean(axis=0), band(best)
    places = np.arange(1, best.shape[1] + 1)
    drawn, under, over = (
        steps((x(float(at)), y(float(value))) for at, value in zip(places, values, strict=True))
        for values in (mean, low, high)
    )
    return Line(name, path(drawn), path([*over, *reversed(under)]) + " Z")
