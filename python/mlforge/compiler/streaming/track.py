"""How the tensors of a graph lie along time.

A *column* is what a tensor holds for one index of its time axis. All axes in front of that are 1, so a column's bytes
lie together, and so do those of neighbouring columns. Time is counted in columns of the model's input.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

from mlforge.compiler.graph import Graph, Node, Shape


@dataclass(frozen=True, slots=True)
class Hop:
    """`columns`: of the model's input, that are new in each window. `axis`: which of its axes is time; None for the
    first that is longer than 1."""

    columns: int
    axis: int | None = None


@dataclass(frozen=True, slots=True)
class Track:
    """A tensor over time.

    Column i stands for the time i * `stride` of the window. It is one that can be kept from window to window where
    `first` <= i < `last`: the others have seen zeros in front of the window or behind it.

    Where hops are no multiple of the stride, the columns of one window are others than those of the next, until they
    meet again: all of them are kept, one each `grid` input columns, of which a window has every `spacing`-th.
    """

    axis: int
    length: int  # columns of a whole window
    stride: int  # input columns from one to the next
    hop: int  # input columns
    first: int
    last: int

    @property
    def grid(self) -> int:
        return gcd(self.hop, self.stride)

    @property
    def spacing(self) -> int:
        return self.stride // self.grid

    @property
    def per_hop(self) -> int:
        """Columns that are made in each hop."""
        return self.hop // self.grid

    @property
    def is_whole(self) -> bool:
        """Whether a window's columns are all kept."""
        return self.first == 0 and self.last == self.length


def with_columns(shape: Shape, axis: int, count: int) -> Shape:
    return (*shape[:axis], count, *shape[axis + 1 :])


@dataclass(frozen=True, slots=True)
class Link:
    """Column i of an output is made of the `reach` columns of `tensor` from i * `stride` - `before` on."""

    tensor: int
    stride: int = 1
    before: int = 0
    reach: int = 1


@dataclass(frozen=True, slots=True)
class Step:
    """A node that runs on columns: as it is to be written for them, where its output lies in time, and what it takes.

    `is_view`: its columns are those of the one input, under another shape or name.
    """

    node: Node
    track: Track
    links: tuple[Link, ...]
    is_view: bool = False


@dataclass(frozen=True, slots=True)
class Total:
    """A sum or mean over all columns of `tensor`: `rows` elements of each column make one of the output."""

    node: Node
    tensor: int
    rows: int


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why the streamed part of a graph ends at an operator, and which change would let it go on."""

    operator: str  # TensorFlow Lite's name
    tensor: str  # the name of its output
    reason: str
    cure: str

    def __str__(self) -> str:
        return f'{self.operator} "{self.tensor}": {self.reason}; {self.cure}'


def obstacle(graph: Graph, node: Node, reason: str, cure: str) -> Obstacle:
    result = (*node.outputs, *node.inputs)[0]
    return Obstacle(node.kind, graph.tensors[result].name, reason, cure)
