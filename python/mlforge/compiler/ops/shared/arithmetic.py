"""ADD, SUB, MUL, DIV, MAXIMUM and MINIMUM, which also take int32."""

from __future__ import annotations

from typing import ClassVar, Final

from mlforge.compiler.fixed_point import INT32_MAX, INT32_MIN, Activation
from mlforge.compiler.graph import DType
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Constraint, Lowered, View
from mlforge.compiler.ops.shared.broadcast import (
    Broadcast,
    activations,
    constant_operands,
    is_full,
    operands_are_numbers,
    output_is_alike_or_int32,
    shapes_fit,
    walk_of,
)
from mlforge.compiler.ops.shared.scaled_pair import ArithmeticAttributes

_RANGES: Final = {
    Activation.NONE: (INT32_MIN, INT32_MAX),
    Activation.RELU: (0, INT32_MAX),
    Activation.RELU6: (0, 6),
    Activation.RELU_N1_TO_1: (-1, 1),
}


class Arithmetic(Broadcast):
    """A subclass has a kernel `kernel`_s32, too."""

    constraints: ClassVar[tuple[Constraint, ...]] = (operands_are_numbers, output_is_alike_or_int32, shapes_fit)
    name: ClassVar[str]  # of the kernel for int32, between mlforge_ and _s32
    clamps_int32: ClassVar[bool] = True  # whether the reference heeds a fused activation of int32

    def lower(self, view: View, isa: Isa) -> Lowered:
        return self.lower_int32(view) if view.output.dtype is DType.INT32 else self.lower_quantised(view, isa)

    def lower_quantised(self, view: View, isa: Isa) -> Lowered:
        return Broadcast.lower(self, view, isa)

    def lower_int32(self, view: View) -> Lowered:
        clamps = self.clamps_int32
        fused = view.node.attributes_as(ArithmeticAttributes).activation if clamps else Activation.NONE
        low, high = _RANGES[fused]
        return Lowered(
            kernel=f"mlforge_{self.name}_s32",
            parameters_type="mlforge_arithmetic_s32",
            parameters={"walk": walk_of(view), "low": low, "high": high},
            inputs=activations(view),
            outputs=view.node.outputs,
            in_place=frozenset(index for index in activations(view) if is_full(view, index)),
            constant_inputs=constant_operands(view),
        )
