"""From a checked graph to the sequence of kernel calls, and the memory problem that they pose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlforge.compiler.graph import Graph, Node, validate
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops import operator_for
from mlforge.compiler.ops.contract import Lowered, View
from mlforge.compiler.passes.fold_padding import fold_padding
from mlforge.compiler.passes.prune import prune
from mlforge.compiler.planner import MemoryProblem, MemoryStep


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
        operator_for(node.kind).check(View(graph, node))


def lower_graph(graph: Graph, isa: Isa) -> Sequence:
    """Checks, runs the passes, and lowers each operator to the kernel that suits `isa`.

    Raises:
        ModelError: the graph contradicts itself.
        UnsupportedOperatorError: an operator, or a use of it, that the engine does not have.
    """
    check_graph(graph)
    index_of_output = {node.outputs[0]: index for index, node in enumerate(graph.nodes)}
    graph = prune(fold_padding(prune(graph)))
    calls: list[Call] = []
    views: dict[int, int] = {}  # a tensor that shares the bytes of another, to that other
    for node in graph.nodes:
        lowered = operator_for(node.kind).lower(View(graph, node), isa)
        if lowered is None:
            source = node.inputs[0]
            views[node.outputs[0]] = views.get(source, source)
        else:
            calls.append(Call(index_of_output[node.outputs[0]], node, lowered))
    return Sequence(graph, tuple(calls), _memory_problem(graph, calls, views))


def _memory_problem(graph: Graph, calls: list[Call], views: Mapping[int, int]) -> MemoryProblem:
    steps = tuple(
        MemoryStep(
            reads=call.lowered.inputs,
            writes=call.lowered.outputs,
            scratch_bytes=call.lowered.scratch_bytes,
            in_place=call.lowered.in_place,
        )
        for call in calls
    )
    used = {*graph.inputs, *graph.outputs, *views, *views.values()}
    for step in steps:
        used.update(step.reads, step.writes)
    sizes = {index: graph.tensors[index].size_bytes for index in sorted(used)}
    return MemoryProblem(sizes, dict(views), steps, graph.inputs, graph.outputs)
