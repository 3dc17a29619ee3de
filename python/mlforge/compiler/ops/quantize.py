"""QUANTIZE: floats to int8 or int16 at the border, or another scale and zero point for int8, int16 and int32."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from mlforge.compiler.fixed_point import apply_multiplier, quantize_multiplier
from mlforge.compiler.graph import Attributes, DType
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Float, Lowered, Operator, Options, View, same_shape
from mlforge.compiler.ops.shared.elementwise import ALL_VALUES, ElementwiseAttributes, lookup
from mlforge.compiler.ops.shared.overlap import elements_overlap

# By the input's type, as the reference has them (micro/kernels/quantize_common.cc).
_RESULTS: Final = {
    DType.FLOAT32: (DType.INT8, DType.INT16),
    DType.INT8: (DType.INT8, DType.UINT8, DType.INT16, DType.INT32),
    DType.INT16: (DType.INT8, DType.INT16, DType.INT32),
    DType.INT32: (DType.INT8, DType.INT16),
    DType.UINT8: (DType.INT8,),
}
_BYTES: Final = {DType.INT8, DType.UINT8}
_KERNELS: Final = {DType.INT8: "mlforge_quantize_f32_s8", DType.INT16: "mlforge_quantize_f32_s16"}


def types_fit(view: View) -> str:
    """The input is an activation: float32 or int32 for int8 or int16; int8 or int16 for int8, int16 or int32; int8 for
    uint8, and uint8 for int8."""
    a, b = view.input(), view.output
    if not a.is_constant and b.dtype in _RESULTS.get(a.dtype, ()):
        return ""
    return f"the input is {'constant ' if a.is_constant else ''}{a}, the output {b}"


def scales_are_known(view: View) -> str:
    """The output, and the input unless it is float32, is quantised per tensor."""
    for tensor in (view.input(), view.output):
        if tensor.dtype is not DType.FLOAT32 and (tensor.quantization is None or tensor.quantization.per_channel):
            return f'tensor "{tensor.name}" has no quantisation, or several scales'
    return ""


class Quantize(Operator):
    kind = "QUANTIZE"
    inputs = (1, 1)
    constraints = (types_fit, same_shape, scales_are_known)

    def read(self, options: Options) -> Attributes:
        return ElementwiseAttributes()

    def lower(self, view: View, isa: Isa) -> Lowered:
        source, result = view.input().dtype, view.output.dtype
        if source is DType.FLOAT32:
            return _from_float(view)
        return _by_table(view) if {source, result} <= _BYTES else _between_integers(view)


def _from_float(view: View) -> Lowered:
    quantization, count = view.output_quantization, view.output.elements
    return Lowered(
        kernel=_KERNELS[view.output.dtype],
        parameters_type="mlforge_quantize",
        parameters={"count": count, "scale": Float(quantization.scale), "zero_point": quantization.zero_point},
        inputs=view.node.inputs,
        outputs=view.node.outputs,
        overlap=_overlap(view),
    )


def _by_table(view: View) -> Lowered:
    source, result = view.input_quantization(), view.output_quantization
    multiplier = quantize_multiplier(source.scale / result.scale)
    values = ALL_VALUES % 256 if view.input().dtype is DType.UINT8 else ALL_VALUES
    results = apply_multiplier(values - source.zero_point, multiplier) + result.zero_point
    if view.output.dtype is DType.UINT8:
        results = np.clip(results, 0, 255).astype(np.uint8).astype(np.int8).astype(np.int64)
    return lookup(view, view.node.inputs[0], results)


def _between_integers(view: View) -> Lowered:
    source, result = view.input_quantization(), view.output_quantization
    multiplier = quantize_multiplier(source.scale / result.scale)
    return Lowered(
        kernel="mlforge_requantize",
        parameters_type="mlforge_requantize",
        parameters={
            "count": view.output.elements,
            "input_bytes": view.input().dtype.size_bytes,
            "output_bytes": view.output.dtype.size_bytes,
            "shift": multiplier.shift,
            "multiplier": multiplier.value,
            "input_zero_point": source.zero_point,
            "output_zero_point": result.zero_point,
        },
        inputs=view.node.inputs,
        outputs=view.node.outputs,
        overlap=_overlap(view),
    )


def _overlap(view: View) -> Mapping[int, int]:
    sizes = view.input().dtype.size_bytes, view.output.dtype.size_bytes
    return elements_overlap(view.node.inputs[0], view.output.elements, *sizes)
