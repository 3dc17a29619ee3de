"""Gives the zeros of a PAD to the convolution behind it, which skips them at no cost."""

from __future__ import annotations

from dataclasses import replace

from mlforge.compiler.graph import Graph, Node
from mlforge.compiler.ops import operator_for
from mlforge.compiler.ops.operator import View
from mlforge.compiler.ops.shared.padding import Padding, paddings_of
from mlforge.compiler.ops.shared.window import WindowAttributes

_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")


def fold_padding(graph: Graph) -> Graph:
    """For every PAD over height and width whose only reader is a convolution. The graph has passed its checks."""
    nodes: list[Node] = list(graph.nodes)
    for position, node in enumerate(graph.nodes):
        pad = _foldable_pad(graph, node) if node.kind in _CONVOLUTIONS else None
        if pad is not None:
            (_, _), height, width, (_, _) = paddings_of(View(graph, pad))
            attributes = replace(
                node.attributes_as(WindowAttributes),
                extra_before=(height[0], width[0]),
                extra_after=(height[1], width[1]),
            )
            nodes[position] = replace(node, inputs=(pad.inputs[0], *node.inputs[1:]), attributes=attributes)
    return replace(graph, nodes=tuple(nodes))


def _foldable_pad(graph: Graph, node: Node) -> Node | None:
    source = node.inputs[0]
    readers = sum(other.inputs.count(source) for other in graph.nodes)
    pad = next((other for other in graph.nodes if source in other.outputs), None)
    if pad is None or readers != 1 or source in graph.outputs or not _pads_with_zeros(View(graph, pad)):
        return None
    before, after = graph.tensors[pad.inputs[0]], graph.tensors[source]
    if len(before.shape) != 4 or before.quantization != after.quantization:
        return None
    outer = paddings_of(View(graph, pad))
    return pad if outer[0] == outer[3] == (0, 0) else None


def _pads_with_zeros(view: View) -> bool:
    operator = operator_for(view.kind)
    return isinstance(operator, Padding) and operator.value(view) == operator.zero(view)
