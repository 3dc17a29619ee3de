"""BATCH_MATMUL, the product of two tensors of matrices, as attention has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Final

import numpy as np
from tflite.BatchMatMulOptions import BatchMatMulOptions

from mlforge.compiler.fixed_point import INT8_MAX, INT8_MIN, Multiplier, quantize_multiplier
from mlforge.compiler.graph import MAX_DIMENSION, Attributes, Shape
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import (
    Constant,
    Field,
    Lowered,
    Operator,
    Options,
    View,
    output_stage,
    stage_shift,
)
from mlforge.compiler.ops.shared.int16_sums import wide_step
from mlforge.compiler.ops.shared.integers import is_int8, not_an_integer
from mlforge.compiler.ops.shared.movement import strides

_AXES: Final = 3  # MLFORGE_MATMUL_AXES
_MAX_NARROW_DEPTH: Final = (1 << 31) // (255 * 255) - 1
_MAX_WIDE_DEPTH: Final = (1 << 47) // (1 << 30) - 1
_MAX_EXPONENT: Final = 7


@dataclass(frozen=True, slots=True)
class BatchMatMulAttributes(Attributes):
    first_is_transposed: bool = False
    second_is_transposed: bool = False


def types_fit(view: View) -> str:
    """Both inputs and the output are int8, or all int16 with the zero point 0, quantised per tensor; at most one input
    is constant."""
    tensors = (view.input(0), view.input(1), view.output)
    if any(tensor.dtype is not tensors[2].dtype for tensor in tensors) or tensors[2].is_constant:
        return f"they are {', '.join(map(str, tensors))}"
    if tensors[0].is_constant and tensors[1].is_constant:
        return "both inputs are constant"
    return next((problem for tensor in tensors if (problem := not_an_integer(tensor))), "")


def shapes_fit(view: View) -> str:
    """The inputs have 2 to 5 dimensions; the last two are matrices that fit together, of dimensions up to 32767, the
    others are equal or 1; sums of the products fit 32 bits (int16: 47)."""
    a, b = (view.input(i).shape for i in (0, 1))
    if not 2 <= min(len(a), len(b)) <= max(len(a), len(b)) <= _AXES + 2 or max(*a, *b) > MAX_DIMENSION:
        return f"the inputs are {view.input(0)} and {view.input(1)}"
    (rows, depth), (other, columns) = _matrix(view, 0), _matrix(view, 1)
    batches = [(x, y) for x, y in zip(_batch(a), _batch(b), strict=True)]
    if depth != other or any(x != y and 1 not in (x, y) for x, y in batches):
        return f"the inputs are {view.input(0)} and {view.input(1)}"
    if depth > (_MAX_NARROW_DEPTH if is_int8(view) else _MAX_WIDE_DEPTH):
        return f"{depth} products for each sum"
    expected = [max(pair) for pair in batches] + [rows, columns]
    if view.output.elements != prod(expected) or _padded(view.output.shape) != tuple(expected):
        return f"the output is {view.output}, where {expected} follows"
    return ""


def scales_are_moderate(view: View) -> str:
    """The product of the inputs' scales is below 128 times the output's scale (int8: 2^30 times)."""
    exponent = _multiplier(view).exponent
    return "" if exponent <= (30 if is_int8(view) else _MAX_EXPONENT) else "the scales are too far apart"


def _matrix(view: View, position: int) -> tuple[int, int]:
    """Rows and columns as they are multiplied."""
    attributes = view.node.attributes_as(BatchMatMulAttributes)
    turned = (attributes.first_is_transposed, attributes.second_is_transposed)[position]
    rows, columns = view.input(position).shape[-2:]
    return (columns, rows) if turned else (rows, columns)


def _padded(shape: Shape) -> Shape:
    return (1,) * (_AXES + 2 - len(shape)) + shape


def _batch(shape: Shape) -> Shape:
    return _padded(shape)[:_AXES]


def _multiplier(view: View) -> Multiplier:
    """In doubles (GetQuantizedConvolutionMultipler in kernels/kernel_util.cc)."""
    product = view.input_quantization(0).scale * view.input_quantization(1).scale
    return quantize_multiplier(product / view.output_quantization.scale)


def _steps(shape: Shape) -> tuple[int, ...]:
    """Elements from one place of the batch to the next; 0 where there is but one."""
    return tuple(
        0 if size == 1 else step for size, step in zip(_batch(shape), strides(_padded(shape), 1), strict=False)
    )


class BatchMatMul(Operator):
    kind = "BATCH_MATMUL"
    options = "BatchMatMulOptions"
    inputs = (2, 2)
    constraints = (types_fit, shapes_fit, scales_are_moderate)

    def read(self, options: Options) -> Attributes:
        if options is None:
            return BatchMatMulAttributes()
        table = BatchMatMulOptions()
        table.Init(options.Bytes, options.Pos)
        return BatchMatMulAttributes(bool(table.AdjX()), bool(table.AdjY()))

    def lower(self, view: View, isa: Isa) -> Lowered:
        constants = {
            position: Constant(f"input{position}", np.asarray(view.input(position).data))
            for position in (0, 1)
            if view.input(position).is_constant
        }
        return Lowered(
            kernel=f"mlforge_batch_matmul_{'s8' if is_int8(view) else 's16'}",
            parameters_type="mlforge_batch_matmul",
            parameters={**_geometry(view), **_stage(view)},
            inputs=tuple(view.node.inputs[position] for position in (0, 1) if position not in constants),
            outputs=view.node.outputs,
            constant_inputs=constants,
            macs=view.output.elements * _matrix(view, 0)[1],
        )


def _geometry(view: View) -> Mapping[str, Field]:
    attributes = view.node.attributes_as(BatchMatMulAttributes)
    (rows, depth), (_, columns) = _matrix(view, 0), _matrix(view, 1)
    first = (1, rows) if attributes.first_is_transposed else (depth, 1)
    second = (1, depth) if attributes.second_is_transposed else (columns, 1)
    return {
        "batch": tuple(map(max, _batch(view.input(0).shape), _batch(view.input(1).shape))),
        "rows": rows,
        "depth": depth,
        "columns": columns,
        "first_step": _steps(view.input(0).shape),
        "second_step": _steps(view.input(1).shape),
        "first_row_step": first[0],
        "first_column_step": first[1],
        "second_row_step": second[0],
        "second_column_step": second[1],
    }


def _stage(view: View) -> Mapping[str, Field]:
    multiplier = _multiplier(view)
    if not is_int8(view):
        value, shift = wide_step(multiplier)
        return {"shift": shift, "multiplier": value}
    return {
        "first_zero_point": view.input_quantization(0).zero_point,
        "second_zero_point": view.input_quantization(1).zero_point,
        "stage": output_stage(INT8_MIN, INT8_MAX, view.output_quantization.zero_point),
        "shift": stage_shift(multiplier, INT8_MIN, INT8_MAX),
        "multiplier": multiplier.value,
    }
