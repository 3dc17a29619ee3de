"""CAST: the same numbers in another type, without regard to scales."""

from __future__ import annotations

from typing import Final

from mlforge.compiler.graph import Attributes, DType
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Lowered, Operator, Options, View, same_shape
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.shared.movement import input_is_activation
from mlforge.compiler.ops.shared.overlap import elements_overlap

# enum mlforge_type; of uint32, the bits are those of int32, of which smaller types are made alike
_TYPES: Final = {DType.INT8: 1, DType.INT16: 2, DType.INT32: 3, DType.UINT32: 3, DType.FLOAT32: 4}


def types_are_numbers(view: View) -> str:
    """Input and output are int8, int16, int32, uint32 or float32, and not uint32 and float32."""
    a, b = view.input(), view.output
    if {a.dtype, b.dtype} == {DType.UINT32, DType.FLOAT32}:
        return f"they are {a} and {b}"
    return "" if a.dtype in _TYPES and b.dtype in _TYPES else f"they are {a} and {b}"


class Cast(Operator):
    kind = "CAST"
    inputs = (1, 1)
    constraints = (input_is_activation, types_are_numbers, same_shape)

    def read(self, options: Options) -> Attributes:
        return ElementwiseAttributes()  # the options repeat the tensors' types

    def lower(self, view: View, isa: Isa) -> Lowered:
        source, result, count = view.input().dtype, view.output.dtype, view.output.elements
        return Lowered(
            kernel="mlforge_cast",
            parameters_type="mlforge_cast",
            parameters={"count": count, "from": _TYPES[source], "to": _TYPES[result]},
            inputs=view.node.inputs,
            outputs=view.node.outputs,
            overlap=elements_overlap(view.node.inputs[0], count, source.size_bytes, result.size_bytes),
        )
