"""Drops operators that nothing needs."""

from __future__ import annotations

from dataclasses import replace

from mlforge.compiler.graph import Graph, Node


def prune(graph: Graph) -> Graph:
    """The same graph without operators whose results reach no output of the model and no variable."""
    needed = set(graph.outputs)
    kept: list[Node] = []
    for node in reversed(graph.nodes):
        if needed.intersection(node.outputs) or not node.outputs:
            needed.update(node.inputs, (guard.condition for guard in node.guards))
            kept.append(node)
    return graph if len(kept) == len(graph.nodes) else replace(graph, nodes=tuple(reversed(kept)))
