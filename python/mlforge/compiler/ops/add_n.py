"""ADD_N: the sum of several tensors of the same shape and scale."""

from __future__ import annotations

from dataclasses import replace

from mlforge.compiler.graph import Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Lowered, Operator, Options, View, input_is_int8, output_is_int8, same_shape
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.shared.movement import in_sequence
from mlforge.compiler.ops.shared.summing import output_scale_is_sane, sum_stage

_SUM_BYTES = 2  # an int16_t in scratch for each element
_MAX_INPUTS = 127  # whose sum fits it


def inputs_are_alike(view: View) -> str:
    """All inputs are activations with the first one's type, shape, scale and zero point."""
    first = view.input()
    for position in range(1, len(view.node.inputs)):
        other = view.input(position)
        same = (other.dtype, other.shape, other.quantization) == (first.dtype, first.shape, first.quantization)
        if other.is_constant or not same:
            return f'input {position} ("{other.name}") is {"constant " if other.is_constant else ""}{other}'
    return ""


class AddN(Operator):
    kind = "ADD_N"
    inputs = (2, _MAX_INPUTS)
    constraints = (input_is_int8, inputs_are_alike, output_is_int8, same_shape, output_scale_is_sane)

    def read(self, options: Options) -> Attributes:
        return ElementwiseAttributes()

    def lower(self, view: View, isa: Isa) -> Lowered:
        count, last = view.output.elements, len(view.node.inputs) - 1
        calls = [
            Lowered(
                kernel="mlforge_add_n_s8",
                parameters_type="mlforge_add_n",
                parameters={
                    "count": count,
                    "first": int(position == 0),
                    "last": int(position == last),
                    **sum_stage(view),
                },
                inputs=(index,),
                outputs=view.node.outputs,
                takes_scratch=True,
                scratch_bytes=_SUM_BYTES * count,
            )
            for position, index in enumerate(view.node.inputs)
        ]
        return replace(in_sequence(calls), note=f"{len(calls)} inputs")
