"""Operators on several pictures: the kernels take one, so each gets a call of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mlforge.compiler.graph import Graph, Shape, Tensor
from mlforge.compiler.ops.operator import Lowered, View
from mlforge.compiler.ops.shared.movement import in_sequence


def each_picture(view: View, lower: Callable[[View], Lowered], source: int = 0) -> Lowered:
    """`lower` for each picture of input `source`; it sees a batch of 1. Equal tables are emitted once."""
    batch = view.output.shape[0]
    if batch == 1:
        return lower(view)
    index, result = view.node.inputs[source], view.node.outputs[0]
    one = lower(_with_shapes(view, {index: _single(view.input(source)), result: _single(view.output)}))
    steps = view.input(source).size_bytes // batch, view.output.size_bytes // batch
    calls = [
        replace(
            call,
            then=(),
            input_offset=call.input_offset + n * steps[0],
            output_offset=call.output_offset + n * steps[1],
        )
        for n in range(batch)
        for call in one.calls
    ]
    return replace(in_sequence(calls), macs=one.macs * batch, note=f"{batch} pictures; {one.note}")


def _single(tensor: Tensor) -> Shape:
    return (1, *tensor.shape[1:])


def _with_shapes(view: View, shapes: dict[int, Shape]) -> View:
    tensors = list(view.graph.tensors)
    for index, shape in shapes.items():
        tensors[index] = replace(tensors[index], shape=shape)
    graph = view.graph
    return View(Graph(tuple(tensors), graph.nodes, graph.inputs, graph.outputs), view.node)
