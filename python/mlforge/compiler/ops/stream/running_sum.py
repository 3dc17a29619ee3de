"""A MEAN, SUM or AVERAGE_POOL_2D over all columns of a window: what comes is added, what leaves is taken away.

Columns are added up in blocks, and the sums of the blocks of a window are kept; integers, so nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass

from mlforge.compiler.fixed_point import Activation, Multiplier, quantize_multiplier
from mlforge.compiler.graph import RUNNING_SUM, Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.mean import with_division
from mlforge.compiler.ops.operator import (
    Field,
    Lowered,
    Operator,
    Options,
    View,
    input_is_int8,
    output_is_int8,
    output_stage,
)
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.shared.integers import limits_of

MAX_ROWS = 256  # of int8, whose sum fits int16


@dataclass(frozen=True, slots=True)
class RunningSumAttributes(Attributes):
    """`kind` is the operator that this one stands for. A window has `slots` / `phases` blocks, each of `rows` times all
    channels; windows take turns between `phases` kinds of them."""

    kind: str
    rows: int
    slots: int
    phases: int
    activation: Activation = Activation.NONE

    @property
    def count(self) -> int:
        """How many elements make one sum of a window."""
        return self.rows * self.slots // self.phases

    def state_elements(self, channels: int) -> int:
        """int32: the place of the next block, the sums of the windows, the int16 sums of the blocks."""
        return 1 + self.phases * channels + -(-self.slots * channels // 2)


class RunningSum(Operator):
    """Inputs: the new columns, the state."""

    kind = RUNNING_SUM
    inputs = (2, 2)
    states = (1,)
    constraints = (input_is_int8, output_is_int8)

    def read(self, options: Options) -> Attributes:
        return ElementwiseAttributes()

    def lower(self, view: View, isa: Isa) -> Lowered:
        attributes = view.node.attributes_as(RunningSumAttributes)
        average = attributes.kind == "AVERAGE_POOL_2D"
        channels = view.output.elements
        sums: dict[str, Field] = {
            "blocks": view.input().elements // (attributes.rows * channels),
            "rows": attributes.rows,
            "slots": attributes.slots,
            "phases": attributes.phases,
            "channels": channels,
        }
        return Lowered(
            kernel="mlforge_running_average_s8" if average else "mlforge_running_sum_s8",
            parameters_type="mlforge_running_average" if average else "mlforge_running_sum",
            parameters={"sums": sums, **(_average(view, attributes) if average else _sum(view, attributes))},
            inputs=view.node.inputs[:1],
            outputs=view.node.outputs,
            states=view.node.inputs[1:],
            note=f"{attributes.kind} of the last {attributes.slots // attributes.phases} blocks",
        )


def _average(view: View, attributes: RunningSumAttributes) -> dict[str, Field]:
    low, high = limits_of(view, attributes.activation)
    return {"count": attributes.count, "low": low, "high": high}


def _sum(view: View, attributes: RunningSumAttributes) -> dict[str, Field]:
    ratio = quantize_multiplier(view.input_quantization().scale / view.output_quantization.scale)
    multiplier: Multiplier = with_division(ratio, attributes.count) if attributes.kind == "MEAN" else ratio
    return {
        "stage": output_stage(*limits_of(view), view.output_quantization.zero_point),
        "shift": multiplier.shift,
        "multiplier": multiplier.value,
        "offset": -view.input_quantization().zero_point * attributes.count,
    }
