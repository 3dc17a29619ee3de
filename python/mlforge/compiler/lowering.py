"""From a checked graph to the sequence of kernel calls, and the memory problem that they pose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from mlforge.compiler.compression import compressed
from mlforge.compiler.graph import ABSENT, ALL_COLUMNS, ASSIGN_VARIABLE, KEEP_COLUMNS, DType, Graph, Node, validate
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops import operator_for
from mlforge.compiler.ops.nearest import FLOATS_MAY_PASS, computes_in_floats
from mlforge.compiler.ops.operator import Lowered, View
from mlforge.compiler.passes.fold_padding import fold_padding
from mlforge.compiler.passes.prune import prune
from mlforge.compiler.passes.rings_in_place import rings_in_place
from mlforge.compiler.planner import MemoryProblem, MemoryStep, Slice
from mlforge.compiler.sharing import Sharing
from mlforge.errors import ModelError, UnsupportedOperatorError

# Operators may share a buffer of the file, but each gets tables of its own: a small file could ask for any amount.
MAX_TABLE_BYTES: Final = 1 << 25
_NO_ROOMS: Final[Mapping[int, int]] = {}


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """`index` is the operator's position in the graph as it was given, before any pass."""

    index: int
    node: Node
    lowered: Lowered


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    graph: Graph
    calls: tuple[Call, ...]
    memory: MemoryProblem


def check_graph(graph: Graph) -> None:
    """Raises ModelError or UnsupportedOperatorError for a graph that the engine cannot compile."""
    validate(graph)
    for node in graph.nodes:
        try:
            operator_for(node.kind).check(View(graph, node))
        except UnsupportedOperatorError as error:
            if node.kind not in FLOATS_MAY_PASS and _has_floats(graph, node):
                raise computes_in_floats(node.kind, DType.FLOAT32) from error
            raise


def _has_floats(graph: Graph, node: Node) -> bool:
    return any(
        graph.tensors[index].dtype is DType.FLOAT32 for index in (*node.inputs, *node.outputs) if index != ABSENT
    )


def lower_graph(
    graph: Graph, isa: Isa, plain: frozenset[int] = frozenset(), rooms: Mapping[int, int] = _NO_ROOMS
) -> Sequence:
    """Checks, runs the passes, and lowers each operator to the kernel that suits `isa`, or any core for those whose
    place in the graph is in `plain`. Tables of those in `rooms` are compressed, in so many bytes of the arena.

    Raises:
        ModelError: the graph contradicts itself.
        UnsupportedOperatorError: an operator, or a use of it, that the engine does not have.
    """
    check_graph(graph)
    position = {(node.kind, _result(node)): index for index, node in enumerate(graph.nodes)}
    graph = prune(rings_in_place(prune(fold_padding(prune(graph)))))
    calls: list[Call] = []
    table_bytes = 0
    states = {index for index, tensor in enumerate(graph.tensors) if tensor.is_variable}
    sharing = Sharing([tensor.size_bytes for tensor in graph.tensors], states)
    for node in graph.nodes:
        operator, view = operator_for(node.kind), View(graph, node)
        parts = operator.parts(view)
        if parts and sharing.share(parts):
            continue
        is_plain = position.get((node.kind, _result(node))) in plain
        suited = Isa.GENERIC if is_plain else isa
        lowered = operator.lower(view, suited)
        if lowered is not None:
            place = _position(position, graph, node) if rooms else ABSENT
            if place in rooms:
                lowered = compressed(view, suited, lowered, rooms[place])
            table_bytes += sum(table.data.nbytes for call in lowered.calls for table in call.constants)
            if table_bytes > MAX_TABLE_BYTES:
                raise ModelError(f"the model's weights and tables take more than {MAX_TABLE_BYTES} bytes of flash")
            calls.append(Call(_position(position, graph, node), node, lowered))
    return Sequence(graph, tuple(calls), _memory_problem(graph, calls, sharing.views))


def _position(known: Mapping[tuple[str, int], int], graph: Graph, node: Node) -> int:
    """In the graph as it was given; the operators of a ring in place stand for those that made it there."""
    own = known.get((node.kind, _result(node)))
    if own is not None:
        return own
    if node.kind == KEEP_COLUMNS:
        return known[ASSIGN_VARIABLE, _result(node)]
    joined = next(one.outputs[0] for one in graph.nodes if (one.kind, one.inputs) == (ALL_COLUMNS, node.inputs[1:]))
    return known["CONCATENATION", joined]


def _result(node: Node) -> int:
    """The tensor that no other node writes: an output, or the variable that is assigned."""
    return node.outputs[0] if node.outputs else node.inputs[-1]


def _memory_problem(graph: Graph, calls: list[Call], views: Mapping[int, Slice]) -> MemoryProblem:
    steps = tuple(_memory_step(call.lowered, [guard.condition for guard in call.node.guards]) for call in calls)
    states = tuple(dict.fromkeys(state for call in calls for one in call.lowered.calls for state in one.states))
    states = tuple(dict.fromkeys((*states, *_states_of(graph, views))))
    used = {*states, *graph.inputs, *graph.outputs, *views, *(part.root for part in views.values())}
    for step in steps:
        used.update(step.reads, step.writes)
    sizes = {index: graph.tensors[index].size_bytes for index in sorted(used)}
    return MemoryProblem(sizes, dict(views), steps, graph.inputs, graph.outputs, states)


def _states_of(graph: Graph, views: Mapping[int, Slice]) -> list[int]:
    """Variables that other tensors are parts of."""
    return sorted({part.root for part in views.values() if graph.tensors[part.root].is_variable})


def _memory_step(lowered: Lowered, conditions: Iterable[int]) -> MemoryStep:
    reads = dict.fromkeys((*(tensor for call in lowered.calls for tensor in call.inputs), *conditions))
    writes = dict.fromkeys(tensor for call in lowered.calls for tensor in call.outputs)
    return MemoryStep(
        reads=tuple(reads),
        writes=tuple(writes),
        scratch_bytes=max(call.scratch_bytes for call in lowered.calls),
        in_place=lowered.in_place if not lowered.then else frozenset(),
        overlap=lowered.overlap if not lowered.then else {},
        states=tuple(dict.fromkeys(state for call in lowered.calls for state in call.states)),
        moves=any(call.moves for call in lowered.calls),
    )
