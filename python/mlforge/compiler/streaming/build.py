"""Writes the streamed graph: each operator of the streamed part on its new columns, the rest as it was.

What an operator needs of older columns comes from a *ring*: a variable with the last columns of a tensor. The new ones
are put behind them, everybody who reads the tensor takes a slice of both, and the last of them are kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import gcd

import numpy as np

from mlforge.compiler.fixed_point import Activation
from mlforge.compiler.graph import (
    ABSENT,
    ALL_COLUMNS,
    ASSIGN_VARIABLE,
    COUNT_HOPS,
    KEEP_COLUMNS,
    PUT_COLUMNS,
    READ_VARIABLE,
    RUNNING_SUM,
    Attributes,
    DType,
    Graph,
    Node,
    Tensor,
)
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops import operator_for
from mlforge.compiler.ops.concatenation import ConcatenationAttributes
from mlforge.compiler.ops.operator import View
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.shared.free_view import ReshapeAttributes
from mlforge.compiler.ops.shared.window import WindowAttributes
from mlforge.compiler.ops.slice import SliceAttributes
from mlforge.compiler.ops.stream.columns import CountAttributes, KeepAttributes
from mlforge.compiler.ops.stream.running_sum import MAX_ROWS, RunningSumAttributes
from mlforge.compiler.ops.strided_slice import StridedSliceAttributes
from mlforge.compiler.passes.fold_padding import fold_padding
from mlforge.compiler.passes.prune import prune
from mlforge.compiler.passes.rings_in_place import exposed
from mlforge.compiler.streaming.analysis import Analysis, analyse
from mlforge.compiler.streaming.edges import edge_attributes
from mlforge.compiler.streaming.reads import Reads, Span, Window
from mlforge.compiler.streaming.track import Hop, Obstacle, Step, Total, with_columns
from mlforge.errors import ModelError


@dataclass(frozen=True, slots=True, eq=False)
class StreamedGraph:
    """`graph` takes `hop` new columns of a window of `window`; its results are those of the window that they complete
    from the `first`-th inference after a reset on, counted from 1."""

    graph: Graph
    hop: int
    window: int
    first: int
    counter: int  # the tensor that counts them
    obstacles: tuple[Obstacle, ...]  # where the streamed part ends, though it might not


def stream_graph(graph: Graph, hop: Hop) -> StreamedGraph:
    """The same model for a stream. `graph` has passed its checks.

    Raises ModelError where nothing of it can be streamed; the message has every reason.
    """
    if any(node.guards for node in graph.nodes):
        raise ModelError("nothing of the model can be streamed: it has branches", hint="a model without IF")
    graph = _without_leading_views(prune(fold_padding(prune(graph))))
    ways = [analyse(graph, hop, edges=edges) for edges in (False, True)]
    useful = [way for way in ways if not all(step.is_view for step in way.steps.values())]
    if not useful:
        reasons = "; ".join(map(str, ways[0].obstacles)) or "no operator goes from column to column"
        raise ModelError(f"nothing of the model can be streamed: {reasons}")
    window = ways[0].tracks[graph.inputs[0]].length
    first = -(-window // hop.columns)
    made = [(_Builder(graph, way).build(first), way.obstacles) for way in useful]
    (best, counter), obstacles = min(made, key=lambda one: macs_of(one[0][0]))
    return StreamedGraph(best, hop.columns, window, first, counter, obstacles)


def macs_of(graph: Graph) -> int:
    """Multiply-accumulates of one inference."""
    found = 0
    for node in graph.nodes:
        lowered = operator_for(node.kind).lower(View(graph, node), Isa.GENERIC)
        found += lowered.macs if lowered else 0
    return found


_VIEWS = ("RESHAPE", "EXPAND_DIMS", "SQUEEZE")


def _without_leading_views(graph: Graph) -> Graph:
    """An input that is only ever seen in another shape gets that one."""
    while len(graph.inputs) == 1 and graph.inputs[0] not in graph.outputs:
        readers = [node for node in graph.nodes if graph.inputs[0] in node.inputs]
        if len(readers) != 1 or readers[0].kind not in _VIEWS or readers[0].outputs[0] in graph.outputs:
            break
        nodes = tuple(node for node in graph.nodes if node is not readers[0])
        graph = replace(graph, nodes=nodes, inputs=readers[0].outputs)
    return graph


def _largest_block(rows: int, columns: int) -> int:
    """The most columns, of those that divide `columns`, whose sum fits."""
    fitting = [count for count in range(1, columns + 1) if columns % count == 0 and count * rows <= MAX_ROWS]
    return max(fitting, default=1)


def _activation(node: Node) -> Activation:
    return node.attributes.activation if isinstance(node.attributes, WindowAttributes) else Activation.NONE


class _Builder:
    def __init__(self, graph: Graph, analysis: Analysis) -> None:
        self.old = graph
        self.steps = analysis.steps
        self.totals = analysis.totals
        self.tracks = analysis.tracks
        self.reads = Reads(graph, analysis)
        self.tensors: list[Tensor] = []
        self.nodes: list[Node] = []
        self.known: dict[int, int] = {}  # a tensor that is as it was, to its new index
        self.rings: dict[int, int] = {}  # a streamed tensor, to that of its last columns
        self.windows: dict[Window, int] = {}
        self.spans: dict[Span, int] = {}
        self.apart = {self.reads.owner(tensor)[0] for tensor in exposed(graph) if tensor in self.tracks}
        self.moves: list[Node] = []  # what runs when all have read
        self.needed = self.reads.needed()

    def build(self, first: int) -> tuple[Graph, int]:
        """The graph, and the variable that counts inferences up to the `first` with a result."""
        counter = self._add(Tensor("hops taken", (1,), DType.INT32, is_variable=True))
        self.moves.append(Node(COUNT_HOPS, (counter,), (), CountAttributes(first)))
        source = self.old.inputs[0]
        made = self._columns(source, self.tracks[source].per_hop)
        self._ring(source, made)
        for position, node in enumerate(self.old.nodes):
            if position in self.totals:
                self._add_up(self.totals[position])
            elif position not in self.steps:
                self._copy(node)
            elif self.steps[position].node.outputs[0] in self.needed:
                self._stream(self.steps[position])
        outputs = tuple(map(self._whole_or_known, self.old.outputs))
        return Graph(tuple(self.tensors), (*self.nodes, *self.moves), (made,), outputs), counter

    def _add(self, tensor: Tensor) -> int:
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def _put(self, kind: str, inputs: tuple[int, ...], like: Tensor, attributes: Attributes) -> int:
        output = self._add(like)
        self.nodes.append(Node(kind, inputs, (output,), attributes))
        return output

    def _integers(self, values: tuple[int, ...]) -> int:
        return self._add(Tensor("", (len(values),), DType.INT32, None, np.array(values, np.int32)))

    def _like(self, tensor: int, count: int) -> Tensor:
        """So many columns of it."""
        old, track = self.old.tensors[tensor], self.tracks[tensor]
        return old if count == track.length else replace(old, shape=with_columns(old.shape, track.axis, count))

    def _columns(self, tensor: int, count: int) -> int:
        return self._add(self._like(tensor, count))

    def _map(self, index: int) -> int:
        """A tensor that is not streamed."""
        if index == ABSENT:
            return ABSENT
        if index not in self.known:
            self.known[index] = self._add(self.old.tensors[index])
        return self.known[index]

    def _whole_or_known(self, index: int) -> int:
        return self._span(self.reads.whole(index)) if index in self.tracks else self._map(index)

    def _copy(self, node: Node) -> None:
        inputs = tuple(map(self._whole_or_known, node.inputs))
        self.nodes.append(replace(node, inputs=inputs, outputs=tuple(map(self._map, node.outputs))))

    def _stream(self, step: Step) -> None:
        links = {link.tensor: link for link in step.links}
        inputs = tuple(
            self._window(*self.reads.by(step, links[index])) if index in links else self._map(index)
            for index in step.node.inputs
        )
        tensor = step.node.outputs[0]
        made = self._columns(tensor, step.track.per_hop)
        self.nodes.append(replace(step.node, inputs=inputs, outputs=(made,)))
        self._ring(tensor, made)

    def _ring(self, tensor: int, made: int) -> None:
        """The last columns that anybody reads: those that were kept, and the new ones."""
        new, total = self.tracks[tensor].per_hop, self.needed[tensor]
        self.rings[tensor] = made
        if total == new:
            return
        in_place = total >= 2 * new and tensor not in self.apart
        self.rings[tensor] = self._in_place(tensor, made) if in_place else self._apart(tensor, made)

    def _variable(self, tensor: int, count: int) -> int:
        name = f"{self.old.tensors[tensor].name} kept"
        return self._add(replace(self._like(tensor, count), name=name, is_variable=True))

    def _in_place(self, tensor: int, made: int) -> int:
        """The new columns are made where they belong, and what is kept is moved when all have read."""
        total = self.needed[tensor]
        state = self._variable(tensor, total)
        keep = KeepAttributes(self.tensors[made].size_bytes)
        self.nodes.append(Node(PUT_COLUMNS, (made, state), (), ElementwiseAttributes()))
        self.moves.append(Node(KEEP_COLUMNS, (state,), (), keep))
        return self._put(ALL_COLUMNS, (state,), self._like(tensor, total), ElementwiseAttributes())

    def _apart(self, tensor: int, made: int) -> int:
        """Few columns are kept, and many are new: the old ones are copied in front of them, and the last are kept."""
        axis, new, total = self.tracks[tensor].axis, self.tracks[tensor].per_hop, self.needed[tensor]
        kept = self._like(tensor, total - new)
        state = self._variable(tensor, total - new)
        before = self._put(READ_VARIABLE, (state,), kept, ElementwiseAttributes())
        both = self._put("CONCATENATION", (before, made), self._like(tensor, total), ConcatenationAttributes(axis))
        last = self._cut(both, kept, axis, new)
        self.nodes.append(Node(ASSIGN_VARIABLE, (last, state), (), ElementwiseAttributes()))
        return both

    def _add_up(self, total: Total) -> None:
        """In blocks of columns, as many as hop and window have in common."""
        track, new = self.tracks[total.tensor], self.tracks[total.tensor].per_hop
        block = _largest_block(total.rows, gcd(new, track.length)) if track.spacing == 1 else 1
        output = self.old.tensors[total.node.outputs[0]]
        attributes = RunningSumAttributes(
            kind=total.node.kind,
            rows=block * total.rows,
            slots=track.length * track.spacing // block,
            phases=track.spacing,
            activation=_activation(total.node),
        )
        shape = (attributes.state_elements(output.elements),)
        state = self._add(Tensor(f"{output.name} sums", shape, DType.INT32, is_variable=True))
        inputs = self._window(total.tensor, new, 0), state
        self.nodes.append(Node(RUNNING_SUM, inputs, (self._map(total.node.outputs[0]),), attributes))

    def _window(self, tensor: int, count: int, newer: int) -> int:
        """`count` neighbouring columns, of which the last has so many newer ones behind it."""
        key = tensor, count, newer
        if key not in self.windows:
            self.windows[key] = self._view(*key) if self.reads.is_view(tensor) else self._of_ring(*key)
        return self.windows[key]

    def _view(self, tensor: int, count: int, newer: int) -> int:
        step = self.reads.makers[tensor]
        source = self._window(step.links[0].tensor, count, newer + self.reads.newer(step, step.links[0]))
        return self._as(source, self._like(tensor, count))

    def _as(self, source: int, like: Tensor) -> int:
        if like.shape == self.tensors[source].shape:
            return source
        return self._put("RESHAPE", (source,), like, ReshapeAttributes())

    def _of_ring(self, tensor: int, count: int, newer: int) -> int:
        total = self.needed[tensor]
        if (count, newer) == (total, 0):
            return self.rings[tensor]
        return self._cut(self.rings[tensor], self._like(tensor, count), self.tracks[tensor].axis, total - newer - count)

    def _cut(self, source: int, like: Tensor, axis: int, start: int) -> int:
        begin = tuple(start if i == axis else 0 for i in range(len(like.shape)))
        return self._put("SLICE", (source, self._integers(begin), self._integers(like.shape)), like, SliceAttributes())

    def _span(self, span: Span) -> int:
        """Columns of the whole window."""
        if span not in self.spans:
            parts = [self._kept(one) if one.is_kept else self._edge(one) for one in self.reads.pieces(span)]
            self.spans[span] = parts[0] if len(parts) == 1 else self._together(span, tuple(parts))
        return self.spans[span]

    def _together(self, span: Span, parts: tuple[int, ...]) -> int:
        axis = self.tracks[span.tensor].axis
        like = self._like(span.tensor, span.end - span.start)
        return self._put("CONCATENATION", parts, like, ConcatenationAttributes(axis))

    def _kept(self, span: Span) -> int:
        """Of a ring that may have those of other phases between them."""
        track, count = self.tracks[span.tensor], span.end - span.start
        found = self._window(*self.reads.of_kept(span))
        if track.spacing == 1 or count == 1:
            return found
        like, end = self._like(span.tensor, count), self.tensors[found].shape
        steps = tuple(track.spacing if axis == track.axis else 1 for axis in range(len(end)))
        parts = (self._integers((0,) * len(end)), self._integers(end), self._integers(steps))
        return self._put("STRIDED_SLICE", (found, *parts), like, StridedSliceAttributes())

    def _edge(self, span: Span) -> int:
        """Columns that see zeros outside of the window: the operator as it is in the file, on what they are made of."""
        step = self.reads.makers[span.tensor]
        like = self._like(span.tensor, span.end - span.start)
        sources = {link.tensor: self._span(self.reads.behind(span, link)) for link in step.links}
        if step.is_view:
            return self._as(sources[step.links[0].tensor], like)
        inputs = tuple(sources[index] if index in sources else self._map(index) for index in step.node.inputs)
        track = self.tracks[step.links[0].tensor]
        attributes = edge_attributes(step, (span.start, span.end), track.length, track.spacing)
        return self._put(step.node.kind, inputs, like, attributes)
