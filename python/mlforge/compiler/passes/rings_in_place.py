"""Turns what is read, put in front of something new, and assigned again into a ring in place.

Models such as microWakeWord's keep the last columns of a tensor in a resource variable: READ_VARIABLE,
CONCATENATION with the new ones, a slice of the last, ASSIGN_VARIABLE. Two copies and a window beside it become
one variable with all columns, whose last are moved to the front when all have read. See ops/stream/columns.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from mlforge.compiler.graph import (
    ALL_COLUMNS,
    ASSIGN_VARIABLE,
    KEEP_COLUMNS,
    PUT_COLUMNS,
    READ_VARIABLE,
    Graph,
    Node,
    Tensor,
)
from mlforge.compiler.ops import operator_for
from mlforge.compiler.ops.operator import Part, View
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.stream.columns import KeepAttributes


@dataclass(frozen=True, slots=True)
class _Ring:
    """Positions of the four nodes, and the tensors."""

    read: int
    join: int
    assign: int
    state: int
    new: int
    both: int


def exposed(graph: Graph) -> set[int]:
    """Outputs of the model, and tensors that may share bytes with them: nothing that moves at the end."""
    found = set(graph.outputs)
    for node in reversed(graph.nodes):
        if found.intersection(node.outputs) and operator_for(node.kind).parts(View(graph, node)):
            found.update(node.inputs)
    return found


def rings_in_place(graph: Graph) -> Graph:
    """For every variable of which at least as many columns are kept as are new. The graph has passed its checks."""
    rings = list(_rings(graph))
    if not rings:
        return graph
    tensors, nodes = list(graph.tensors), dict(enumerate(graph.nodes))
    moves: list[Node] = []
    for ring in rings:
        tensors[ring.state] = _enlarged(graph, ring)
        del nodes[ring.read], nodes[ring.assign]
        nodes[ring.join] = Node(ALL_COLUMNS, (ring.state,), (ring.both,), ElementwiseAttributes())
        keep = KeepAttributes(graph.tensors[ring.new].size_bytes)
        moves.append(Node(KEEP_COLUMNS, (ring.state,), (), keep))
    puts = {ring.join: Node(PUT_COLUMNS, (ring.new, ring.state), (), ElementwiseAttributes()) for ring in rings}
    kept: list[Node] = []
    for position in sorted(nodes):
        kept += [puts[position]] if position in puts else []
        kept.append(nodes[position])
    return replace(graph, tensors=tuple(tensors), nodes=(*kept, *moves))


def _enlarged(graph: Graph, ring: _Ring) -> Tensor:
    """The variable with room for the new columns behind its own."""
    state, both = graph.tensors[ring.state], graph.tensors[ring.both]
    initial = state.initial
    if initial is not None:
        room = np.zeros(both.elements - initial.size, initial.dtype)
        initial = np.concatenate([initial.reshape(-1), room]).reshape(both.shape)
    return replace(state, shape=both.shape, quantization=both.quantization, initial=initial)


def _rings(graph: Graph) -> Iterator[_Ring]:
    hidden = exposed(graph)
    makers = {index: position for position, node in enumerate(graph.nodes) for index in node.outputs}
    for position, node in enumerate(graph.nodes):
        ring = _ring(graph, makers, position) if node.kind == ASSIGN_VARIABLE else None
        if ring and ring.both not in hidden and _is_alone(graph, ring):
            yield ring


def _ring(graph: Graph, makers: Mapping[int, int], assign: int) -> _Ring | None:
    value, state = graph.nodes[assign].inputs
    cut = _part(graph, makers, value)
    join = makers.get(cut.whole) if cut else None
    if cut is None or join is None or graph.nodes[join].kind != "CONCATENATION" or len(graph.nodes[join].inputs) != 2:
        return None
    old, new = graph.nodes[join].inputs
    read = makers.get(old)
    sizes = [graph.tensors[index].size_bytes for index in (state, new, cut.whole)]
    lies_behind = cut.offset == sizes[2] - sizes[0] == sizes[1]
    if read is None or graph.nodes[read].kind != READ_VARIABLE or graph.nodes[read].inputs[0] != state:
        return None
    together = operator_for("CONCATENATION").parts(View(graph, graph.nodes[join]))
    fits = lies_behind and sizes[0] >= sizes[1] and len(together) == 2
    return _Ring(read, join, assign, state, new, cut.whole) if fits else None


def _part(graph: Graph, makers: Mapping[int, int], tensor: int) -> Part | None:
    """Where a slice lies in another tensor, all in one piece."""
    if tensor not in makers or graph.nodes[makers[tensor]].kind not in ("SLICE", "STRIDED_SLICE"):
        return None
    node = graph.nodes[makers[tensor]]
    parts = operator_for(node.kind).parts(View(graph, node))
    return parts[0] if len(parts) == 1 else None


def _is_alone(graph: Graph, ring: _Ring) -> bool:
    """Whether the variable is read once, for this, and assigned once; and what was kept is not in front of itself."""
    old = graph.nodes[ring.read].outputs[0]
    users = [node for node in graph.nodes if ring.state in node.inputs]
    readers = [node for node in graph.nodes if old in node.inputs]
    constant = graph.tensors[ring.new].is_constant or ring.new == old
    return len(users) == 2 and len(readers) == 1 and old not in graph.outputs and not constant
