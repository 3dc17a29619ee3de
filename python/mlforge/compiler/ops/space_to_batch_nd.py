"""SPACE_TO_BATCH_ND."""

from __future__ import annotations

import numpy as np

from mlforge.compiler.graph import Attributes, DType
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Constant, Lowered, Operator, Options, View
from mlforge.compiler.ops.shared.blocks import BlockAttributes, blocks_are_constant, copies, edges_of
from mlforge.compiler.ops.shared.movement import (
    copy_call,
    dense_copy,
    in_sequence,
    input_is_activation,
    integers,
    same_type,
)
from mlforge.compiler.ops.shared.padding import one_kind_of_data


def output_fits(view: View) -> str:
    """The output has a picture for each block, of the padded input's height and width divided by the block's."""
    shape, sizes = view.input().shape, integers(view, 1)
    padded = [size + sum(edges) for size, edges in zip(shape[1:], edges_of(view), strict=False)]
    if any(size % block for size, block in zip(padded, sizes, strict=True)):
        return f"the padded input has {padded} for blocks of {list(sizes)}"
    spatial = [size // block for size, block in zip(padded, sizes, strict=True)]
    expected = (shape[0] * int(np.prod(sizes)), *spatial, *shape[1 + len(sizes) :])
    return "" if view.output.shape == expected else f"the output is {view.output}, where {list(expected)} follows"


class SpaceToBatchNd(Operator):
    kind = "SPACE_TO_BATCH_ND"
    inputs = (3, 3)
    constraints = (input_is_activation, same_type, one_kind_of_data, blocks_are_constant, output_fits)

    def read(self, options: Options) -> Attributes:
        return BlockAttributes()

    def lower(self, view: View, isa: Isa) -> Lowered:
        source, result = view.node.inputs[0], view.node.outputs[0]
        calls = [copy_call(one, source, result) for one in copies(view.output.shape, view.input().shape, view, True)]
        if any(any(edges) for edges in edges_of(view)):
            calls.insert(0, _zeros(view))
        return in_sequence(calls)


def _zeros(view: View) -> Lowered:
    """The whole output filled with what stands for zero."""
    dtype = view.output.dtype
    zero = view.output_quantization.zero_point if dtype is DType.INT8 else 0
    value = np.frombuffer(np.array([zero], dtype.value).tobytes(), np.int8)
    return copy_call(
        dense_copy(view.output, (0,) * len(view.output.shape)), Constant("zero", value), view.node.outputs[0]
    )
