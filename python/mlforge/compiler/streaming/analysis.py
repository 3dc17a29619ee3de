"""Which operators of a graph run on new columns alone, and why the others do not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mlforge.compiler.graph import Graph
from mlforge.compiler.streaming.rules import follow
from mlforge.compiler.streaming.track import Hop, Obstacle, Step, Total, Track, obstacle
from mlforge.errors import ModelError

_SEES_ZEROS = "padding VALID along time, or a slice of the columns that see none, would let it go on"


@dataclass(frozen=True, slots=True)
class Analysis:
    """`steps`: by position in the graph, the operators of the streamed part, and `totals`, with which it may end;
    `tracks`: of the tensors in it."""

    steps: Mapping[int, Step]
    totals: Mapping[int, Total]
    tracks: Mapping[int, Track]
    obstacles: tuple[Obstacle, ...]


@dataclass(slots=True)
class _Walk:
    barred: dict[int, Obstacle] = field(default_factory=dict)  # by position: what cannot be streamed after all
    steps: dict[int, Step] = field(default_factory=dict)
    totals: dict[int, Total] = field(default_factory=dict)
    tracks: dict[int, Track] = field(default_factory=dict)
    obstacles: list[Obstacle] = field(default_factory=list)


def analyse(graph: Graph, hop: Hop, *, edges: bool = False) -> Analysis:
    """With `edges`, columns that see zeros outside of the window may be needed: they are made anew in each hop, from
    rings that reach back to the window's begin.

    Raises ModelError where the model has no input over time, or the hop does not fit it.
    """
    barred: dict[int, Obstacle] = {}
    while True:
        walk = _walk(graph, hop, barred, edges)
        found = dict(_without_edges(graph, walk) if edges else _unusable(graph, walk))
        if not found:
            obstacles = (*walk.obstacles, *barred.values())
            return Analysis(walk.steps, walk.totals, walk.tracks, obstacles)
        barred |= found


def _input_track(graph: Graph, hop: Hop) -> Track:
    if len(graph.inputs) != 1:
        raise ModelError(f"the model has {len(graph.inputs)} inputs: one over time can be streamed")
    tensor = graph.tensors[graph.inputs[0]]
    axis = hop.axis if hop.axis is not None else next((i for i, size in enumerate(tensor.shape) if size > 1), 0)
    if not 0 <= axis < len(tensor.shape):
        raise ModelError(f"axis {axis} is none of the input {tensor}")
    if any(size != 1 for size in tensor.shape[:axis]):
        hint = "a model whose input has time as its first axis behind the batch"
        raise ModelError(f"axis {axis} of the input {tensor} is not its outermost", hint=hint)
    length = tensor.shape[axis]
    if not 1 <= hop.columns < length:
        raise ModelError(f"a hop of {hop.columns} columns for a window of {length}: 1 to {length - 1}")
    return Track(axis, length, 1, hop.columns, 0, length)


def _walk(graph: Graph, hop: Hop, barred: Mapping[int, Obstacle], edges: bool) -> _Walk:
    walk = _Walk(tracks={graph.inputs[0]: _input_track(graph, hop)})
    for position, node in enumerate(graph.nodes):
        if position in barred or not any(index in walk.tracks for index in node.inputs):
            continue
        step = follow(graph, node, walk.tracks)
        if isinstance(step, Obstacle):
            walk.obstacles.append(step)
        elif isinstance(step, Total):
            if walk.tracks[step.tensor].is_whole or not edges:
                walk.totals[position] = step
        elif step.is_view or _saves(step.track, edges):
            walk.steps[position] = step
            walk.tracks[node.outputs[0]] = step.track
    return walk


def _unusable(graph: Graph, walk: _Walk) -> Iterator[tuple[int, Obstacle]]:
    """Steps whose results are needed whole, though some of their columns see zeros."""
    whole = set(graph.outputs)
    for position, node in enumerate(graph.nodes):
        if position not in walk.steps:
            whole.update(node.inputs)
    for position, step in walk.steps.items():
        if step.node.outputs[0] in whole and not step.track.is_whole:
            yield position, obstacle(graph, graph.nodes[position], _zeros(step.track), _SEES_ZEROS)


def _saves(track: Track, edges: bool) -> bool:
    """Whether fewer columns are made than a window has."""
    return track.per_hop < (track.last - track.first if edges else track.length)


def _without_edges(graph: Graph, walk: _Walk) -> Iterator[tuple[int, Obstacle]]:
    """Steps some of whose columns are zeros and nothing else, which no operator makes."""
    for position, step in walk.steps.items():
        node = graph.nodes[position]
        for link in step.links:
            start = (step.track.length - 1) * link.stride - link.before
            nothing = link.before >= link.reach or start >= walk.tracks[link.tensor].length
            if nothing or (step.is_view and link.before > 0):
                yield position, obstacle(graph, node, "some of its columns are nothing but zeros", _SEES_ZEROS)


def _zeros(track: Track) -> str:
    before, behind = track.first, track.length - track.last
    parts = [f"the first {before}"] * (before > 0) + [f"the last {behind}"] * (behind > 0)
    columns = " and ".join(parts)
    return f"{columns} of its {track.length} columns see zeros outside of the window, and all are needed"
