"""The arena over time as a picture: which bytes hold what at each step, and where the peak is.

Steps go to the right, from the moment when the inputs have been written to the moment when the outputs are read; bytes
go up. Two blocks of one column that overlap are an output that grows over an input which its operator is done with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mlforge.compiler.emitter import CompiledModel
from mlforge.compiler.placement import Block
from mlforge.templating import environment

_LEFT, _TOP, _BOTTOM, _RIGHT = 80, 56, 140, 24  # margins
_HEIGHT: Final = 420  # of the arena
_WIDTH: Final = 1080  # of all steps, unless they become too narrow
_NARROWEST, _WIDEST = 16.0, 56.0  # of one step
_COLOURS: Final = ("#7eb0d5", "#b2e061", "#bd7ebe", "#ffb55a", "#8bd3c7", "#fdcce5", "#beb9db", "#fd7f6f", "#d9c26b")
_SCRATCH_COLOUR: Final = "#c8c8c8"
_LETTER: Final = 6.2  # width of one in a label
_MAX_NAME: Final = 80


@dataclass(frozen=True, slots=True)
class _Box:
    x: float
    y: float
    width: float
    height: float
    colour: str
    label: str  # "" where there is no room
    title: str
    at_peak: bool


@dataclass(frozen=True, slots=True)
class _Tick:
    place: float
    text: str


@dataclass(frozen=True, slots=True)
class _Scale:
    """From steps and bytes to places in the picture."""

    columns: int
    arena_bytes: int

    @property
    def column(self) -> float:
        return min(max(_WIDTH / self.columns, _NARROWEST), _WIDEST)

    @property
    def width(self) -> float:
        return _LEFT + self.columns * self.column + _RIGHT

    def x(self, step: int) -> float:
        return round(_LEFT + (step + 1) * self.column, 2)

    def y(self, bytes_: int) -> float:
        return round(_TOP + _HEIGHT * (1 - bytes_ / max(1, self.arena_bytes)), 2)


def render_timeline(compiled: CompiledModel) -> str:
    """SVG text, the same for the same model."""
    plan, operators = compiled.plan, compiled.program.operators
    scale = _Scale(len(operators) + 2, plan.arena_bytes)
    steps = ["inputs", *(operator.kind for operator in operators), "outputs"]
    values = {
        "name": compiled.program.name,
        "width": round(scale.width, 2),
        "height": _TOP + _HEIGHT + _BOTTOM,
        "left": _LEFT,
        "right": scale.x(len(operators) + 1),
        "top": _TOP,
        "bottom": _TOP + _HEIGHT,
        "arena_bytes": plan.arena_bytes,
        "lower_bound_bytes": plan.lower_bound_bytes,
        "bound": scale.y(plan.lower_bound_bytes),
        "boxes": [_box(compiled, block, index, scale) for index, block in enumerate(plan.blocks)],
        "steps": [_Tick(scale.x(step) + scale.column / 2, text) for step, text in enumerate(steps, -1)],
        "peak_columns": [(scale.x(step), scale.column) for step in _peak_steps(plan.blocks, plan.arena_bytes)],
        "marks": [_Tick(scale.y(mark), f"{mark:,}") for mark in _marks(plan.arena_bytes)],
    }
    return environment("mlforge.compiler", markup=True).get_template("timeline.svg.j2").render(values)


def _box(compiled: CompiledModel, block: Block, index: int, scale: _Scale) -> _Box:
    names = [_printable(compiled.tensor_names[tensor]) for tensor in block.tensors] or ["scratch"]
    name = ", ".join(names)[:_MAX_NAME]
    shorter = names[0].split(";")[0]  # a converter's name for several operators in one
    width = (block.last - block.first + 1) * scale.column
    top = scale.y(block.offset + block.size_bytes)
    height = scale.y(block.offset) - top
    when = f"step {block.first}" if block.first == block.last else f"steps {block.first} to {block.last}"
    letters = int(width / _LETTER)
    return _Box(
        x=scale.x(block.first),
        y=top,
        width=round(width, 2),
        height=round(height, 2),
        colour=_COLOURS[index % len(_COLOURS)] if block.tensors else _SCRATCH_COLOUR,
        label=next((one for one in (name, shorter) if len(one) <= letters and height >= 12), ""),
        title=f"{name}: {block.size_bytes:,} bytes at {block.offset:,}, {when}",
        at_peak=block.offset + block.size_bytes == compiled.plan.arena_bytes,
    )


def _printable(text: str) -> str:
    """Names come from untrusted files; XML does not even have every character."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _peak_steps(blocks: tuple[Block, ...], arena_bytes: int) -> list[int]:
    """The steps at which something reaches the end of the arena."""
    tops = [block for block in blocks if block.offset + block.size_bytes == arena_bytes]
    return sorted({step for block in tops for step in range(block.first, block.last + 1)})


def _marks(arena_bytes: int) -> list[int]:
    """Round numbers of bytes, some five of them, up to the arena's size."""
    step = 1
    while arena_bytes > 5 * step:
        step *= 2
    return list(range(0, arena_bytes + 1, step))
