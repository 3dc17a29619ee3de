"""What PAD and PADV2 have in common. The kernel fills with bytes, so wider elements count as several of them."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Final

import numpy as np

from mlforge.compiler.graph import MAX_DIMENSION, Attributes, DType, Tensor
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Lowered, Operator, Options, View

_MAX_RANK: Final = 4
_MAX_BYTES: Final = 65535  # of a dimension, as the kernel counts
_MAX_ROWS: Final = 1 << 18  # that are looked at for a chance to work over the input


@dataclass(frozen=True, slots=True)
class PadAttributes(Attributes):
    """Nothing: the paddings are the second input."""


def one_kind_of_data(view: View) -> str:
    """The input is an activation; the output has its type. int8 has one scale, the same zero point on both sides, and
    scales at most 1e-6 apart.
    """
    a, b = view.input(), view.output
    if a.is_constant or a.dtype is not b.dtype:
        return f"the input is {'constant ' if a.is_constant else ''}{a}, the output {b}"
    return _quantization_mismatch(a, b) if a.dtype is DType.INT8 else ""


def _quantization_mismatch(a: Tensor, b: Tensor) -> str:
    if a.quantization is None or b.quantization is None or a.quantization.per_channel or b.quantization.per_channel:
        return "input or output has no quantisation, or several scales"
    same_scale = abs(np.float32(a.quantization.scale) - np.float32(b.quantization.scale)) <= 1e-6
    if same_scale and a.quantization.zero_point == b.quantization.zero_point:
        return ""
    return f"the quantisation is {a.quantization} before and {b.quantization} behind"


def paddings_fit(view: View) -> str:
    """At most four dimensions, each at most 32767; the paddings are constant int32 [dimensions, 2], none negative; rows
    have at most 65535 bytes.
    """
    shape, paddings = view.input().shape, view.input(1)
    if not 1 <= len(shape) <= _MAX_RANK or max(shape) > MAX_DIMENSION:
        return f"the input is {view.input()}"
    if not paddings.is_constant or paddings.dtype is not DType.INT32 or paddings.shape != (len(shape), 2):
        return f'the paddings "{paddings.name}" are {"" if paddings.is_constant else "not constant "}{paddings}'
    values = paddings_of(view)
    if any(not 0 <= value <= MAX_DIMENSION for pair in values for value in pair):
        return f"the paddings are {list(values)}"
    expected = tuple(size + before + after for size, (before, after) in zip(shape, values, strict=True))
    if expected[-1] * view.output.dtype.size_bytes > _MAX_BYTES:
        return f"the output is {view.output}"
    return "" if view.output.shape == expected else f"the output is {view.output}, where {list(expected)} follows"


def paddings_of(view: View) -> tuple[tuple[int, int], ...]:
    """(before, after) for each axis."""
    return tuple((int(before), int(after)) for before, after in np.asarray(view.input(1).data))


class Padding(Operator):
    """A subclass says which byte fills the output."""

    def read(self, options: Options) -> Attributes:
        return PadAttributes()

    def value(self, view: View) -> int:
        """The byte, -128 to 127."""
        return self.zero(view)

    def zero(self, view: View) -> int:
        """The byte that stands for zero."""
        return view.output_quantization.zero_point if view.output.dtype is DType.INT8 else 0

    def lower(self, view: View, isa: Isa) -> Lowered:
        paddings, size = paddings_of(view), view.output.dtype.size_bytes
        missing = _MAX_RANK - len(paddings)
        shape = (1,) * missing + view.input().shape
        before = (0,) * missing + tuple(before for before, _ in paddings)
        after = (0,) * missing + tuple(after for _, after in paddings)
        return Lowered(
            kernel="mlforge_pad_s8",
            parameters_type="mlforge_pad",
            parameters={
                "input_shape": (*shape[:-1], shape[-1] * size),
                "before": (*before[:-1], before[-1] * size),
                "after": (*after[:-1], after[-1] * size),
                "value": self.value(view),
            },
            inputs=view.node.inputs[:1],
            outputs=view.node.outputs,
            note=f"by {', '.join(f'{before}+{after}' for before, after in paddings)}",
            overlap=_overlap(view),
        )


def _overlap(view: View) -> dict[int, int]:
    """Each row of the input is copied behind all that was filled before it."""
    shape, output, size = view.input().shape, view.output.shape, view.output.dtype.size_bytes
    rows = prod(shape[:-1])
    if rows > _MAX_ROWS:
        return {}
    places = np.zeros(1, np.int64)
    for axis, (before, _) in enumerate(paddings_of(view)[:-1]):
        steps = (np.arange(shape[axis], dtype=np.int64) + before) * prod(output[axis + 1 :])
        places = (places[:, None] + steps).reshape(-1)
    row_bytes = shape[-1] * size
    ends = (places + paddings_of(view)[-1][0]) * size + row_bytes
    return {view.node.inputs[0]: max(0, int((ends - np.arange(rows) * row_bytes).max()))}
