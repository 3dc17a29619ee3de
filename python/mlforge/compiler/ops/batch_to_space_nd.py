"""BATCH_TO_SPACE_ND."""

from __future__ import annotations

import numpy as np

from mlforge.compiler.graph import Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Lowered, Operator, Options, View
from mlforge.compiler.ops.shared.blocks import BlockAttributes, blocks_are_constant, copies, edges_of
from mlforge.compiler.ops.shared.movement import copy_call, in_sequence, input_is_activation, integers, same_type


def output_fits(view: View) -> str:
    """The output has the input's height and width times the block's, less the crops."""
    shape, sizes = view.input().shape, integers(view, 1)
    batch, rest = divmod(shape[0], int(np.prod(sizes)))
    spatial = [size * block - sum(edges) for size, block, edges in zip(shape[1:], sizes, edges_of(view), strict=False)]
    expected = (batch, *spatial, *shape[1 + len(sizes) :])
    if rest or view.output.shape != expected:
        return f"the output is {view.output}, where {list(expected)} follows"
    return ""


class BatchToSpaceNd(Operator):
    kind = "BATCH_TO_SPACE_ND"
    inputs = (3, 3)
    constraints = (input_is_activation, same_type, blocks_are_constant, output_fits)

    def read(self, options: Options) -> Attributes:
        return BlockAttributes()

    def lower(self, view: View, isa: Isa) -> Lowered:
        source, result = view.node.inputs[0], view.node.outputs[0]
        calls = [copy_call(one, source, result) for one in copies(view.input().shape, view.output.shape, view, False)]
        return in_sequence(calls)
