"""DEQUANTIZE of int8 and int16 to floats, at the border."""

from __future__ import annotations

from typing import Final

from mlforge.compiler.graph import Attributes, DType
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Float, Lowered, Operator, Options, View, same_shape
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.shared.overlap import elements_overlap

_KERNELS: Final = {DType.INT8: "mlforge_dequantize_s8_f32", DType.INT16: "mlforge_dequantize_s16_f32"}


def types_fit(view: View) -> str:
    """The input is an int8 or int16 activation, quantised per tensor; the output is float32."""
    a, b = view.input(), view.output
    if a.is_constant or a.dtype not in _KERNELS or b.dtype is not DType.FLOAT32:
        return f"the input is {'constant ' if a.is_constant else ''}{a}, the output {b}"
    return "" if a.quantization and not a.quantization.per_channel else f'tensor "{a.name}" has no scale, or several'


class Dequantize(Operator):
    kind = "DEQUANTIZE"
    inputs = (1, 1)
    constraints = (types_fit, same_shape)

    def read(self, options: Options) -> Attributes:
        return ElementwiseAttributes()

    def lower(self, view: View, isa: Isa) -> Lowered:
        quantization, count = view.input_quantization(), view.output.elements
        return Lowered(
            kernel=_KERNELS[view.input().dtype],
            parameters_type="mlforge_quantize",
            parameters={"count": count, "scale": Float(quantization.scale), "zero_point": quantization.zero_point},
            inputs=view.node.inputs,
            outputs=view.node.outputs,
            overlap=elements_overlap(view.node.inputs[0], count, view.input().dtype.size_bytes, 4),
        )
