"""PAD with zeros (the quantised zero point)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mlforge.compiler.graph import MAX_DIMENSION, Attributes, DType
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.contract import (
    Lowered,
    Operator,
    Options,
    View,
    input_is_int8,
    output_is_int8,
    same_quantization,
)

_MAX_RANK = 4


@dataclass(frozen=True, slots=True)
class PadAttributes(Attributes):
    """Nothing: the paddings are the second input."""


def paddings_fit(view: View) -> str:
    """At most four dimensions, each at most 32767; the paddings are constant int32 [dimensions, 2], none negative."""
    shape, paddings = view.input().shape, view.input(1)
    if not 1 <= len(shape) <= _MAX_RANK or max(shape) > MAX_DIMENSION:
        return f"the input is {view.input()}"
    if not paddings.is_constant or paddings.dtype is not DType.INT32 or paddings.shape != (len(shape), 2):
        return f'the paddings "{paddings.name}" are {"" if paddings.is_constant else "not constant "}{paddings}'
    values = paddings_of(view)
    if any(not 0 <= value <= MAX_DIMENSION for pair in values for value in pair):
        return f"the paddings are {list(values)}"
    expected = tuple(size + before + after for size, (before, after) in zip(shape, values, strict=True))
    return "" if view.output.shape == expected else f"the output is {view.output}, where {list(expected)} follows"


def paddings_of(view: View) -> tuple[tuple[int, int], ...]:
    """(before, after) for each axis."""
    return tuple((int(before), int(after)) for before, after in np.asarray(view.input(1).data))


class Pad(Operator):
    kind = "PAD"
    inputs = (2, 2)
    constraints = (input_is_int8, output_is_int8, same_quantization, paddings_fit)

    def read(self, options: Options) -> Attributes:
        return PadAttributes()

    def lower(self, view: View, isa: Isa) -> Lowered:
        shape, paddings = view.input().shape, paddings_of(view)
        missing = _MAX_RANK - len(shape)
        return Lowered(
            kernel="mlforge_pad_s8",
            parameters_type="mlforge_pad",
            parameters={
                "input_shape": (1,) * missing + shape,
                "before": (0,) * missing + tuple(before for before, _ in paddings),
                "after": (0,) * missing + tuple(after for _, after in paddings),
                "value": view.output_quantization.zero_point,
            },
            inputs=view.node.inputs[:1],
            outputs=view.node.outputs,
            note=f"by {', '.join(f'{before}+{after}' for before, after in paddings)}",
        )
