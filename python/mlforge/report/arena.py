"""The arena over time, as a picture: which tensor lies where, while which operators run.

The plan depends on the architecture alone, so it is made again here, with random weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mlforge.compiler.from_architecture import lower_architecture
from mlforge.compiler.graph import Graph
from mlforge.compiler.isa import Isa
from mlforge.compiler.lowering import lower_graph
from mlforge.compiler.placement import Block
from mlforge.compiler.planner import plan_memory
from mlforge.errors import ForgeError
from mlforge.records.architecture import Architecture
from mlforge.report import units
from mlforge.report.charts import Axis, Frame, Scale, axis
from mlforge.report.names import readable

# Kernels and their scratch differ by kind of core; names as in Cost.core.
_ISAS: Final[Mapping[str, Isa]] = {
    "cortex-m4": Isa.DSP,
    "cortex-m7": Isa.DSP,
    "cortex-m33": Isa.DSP,
    "cortex-m55": Isa.MVE,
    "cortex-m0": Isa.THUMB1,
}


@dataclass(frozen=True, slots=True)
class Bar:
    """`kind` is a class of the style sheet: a tensor, or scratch."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str
    label: str  # empty where there is no room for it


@dataclass(frozen=True, slots=True)
class Timeline:
    id: str
    title: str
    description: str
    frame: Frame
    x: Axis
    y: Axis
    bars: tuple[Bar, ...]


def timeline(architecture: Architecture, core: str) -> Timeline | None:
    """None for what cannot be lowered: a failed trial's architecture."""
    try:
        graph = lower_architecture(architecture, 0)
        sequence = lower_graph(graph, _ISAS.get(core, Isa.GENERIC))
        plan = plan_memory(sequence.memory)
    except ForgeError:
        return None
    steps = len(sequence.memory.steps)
    frame = Frame(1080, 340, 70, 14, 1068, 288)
    x = Scale(-1.5, max(steps - 0.5, 0.5), frame.left, frame.right)
    y = Scale(0.0, max(plan.arena_bytes, 1), frame.bottom, frame.top)
    return Timeline(
        id="arena",
        title="Arena over time",
        description=f"{units.exact_bytes(plan.arena_bytes)} of arena, {len(plan.blocks)} blocks, {steps} operators.",
        frame=frame,
        x=_from_zero(axis("Operator", x, 16, whole=True), x(0.0)),
        y=axis("Arena [bytes]", y, 6, whole=True),
        bars=tuple(_bar(block, graph, x, y, steps) for block in plan.blocks if block.size_bytes),
    )


def _from_zero(found: Axis, zero: float) -> Axis:
    """The input lies there before operator 0 runs, which is no operator."""
    return Axis(found.title, tuple(tick for tick in found.ticks if tick.position >= zero))


def _bar(block: Block, graph: Graph, x: Scale, y: Scale, steps: int) -> Bar:
    first, last = max(block.first, -1), min(block.last, steps - 1)
    left, right = x(first - 0.45), x(last + 0.45)
    top, bottom = y(block.offset + block.size_bytes), y(block.offset)
    names = ", ".join(_tensor(graph.tensors[index].name) for index in block.tensors) or "scratch"
    when = f"operator {first}" if first == last else f"operators {max(first, 0)} to {last}"
    title = f"{names}: {units.exact_bytes(block.size_bytes)} at {block.offset:,}, {when}"
    width, height = round(right - left, 1), round(max(bottom - top, 1.0), 1)
    room = height >= 15 and width >= 7.0 * len(names) + 8
    kind = "part-b" if block.tensors else "part-e"
    return Bar(left, top, width, height, kind, title, names if room else "")


def _tensor(name: str) -> str:
    return "input" if name == "input" else readable(name)
