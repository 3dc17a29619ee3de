"""REDUCE_MAX over any axes."""

from __future__ import annotations

from typing import ClassVar

from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Lowered, View, input_is_int8, output_is_int8
from mlforge.compiler.ops.shared.reduction import Reduction, axes_are_constant, axes_of, reduction_of, shape_fits


def same_scale(view: View) -> str:
    """Input and output have the same scale and zero point."""
    a, b = view.input_quantization(), view.output_quantization
    if (a.scale, a.zero_point) == (b.scale, b.zero_point):
        return ""
    return f"the scales are {a.scale:.9g} and {b.scale:.9g}, the zero points {a.zero_point} and {b.zero_point}"


class ReduceMax(Reduction):
    kind = "REDUCE_MAX"
    constraints = (input_is_int8, output_is_int8, same_scale, axes_are_constant, shape_fits)
    flip: ClassVar[int] = 0  # xored to all values

    def lower(self, view: View, isa: Isa) -> Lowered:
        return Lowered(
            kernel="mlforge_reduce_max_s8",
            parameters_type="mlforge_reduce_max",
            parameters={"reduction": reduction_of(view), "flip": self.flip},
            inputs=view.node.inputs[:1],
            outputs=view.node.outputs,
            note=f"over the axes {sorted(axes_of(view))}",
        )
