"""ADD for Isa.DSP: one input by a shift, the other by a table that the kernel makes."""

from __future__ import annotations

from typing import Final

from mlforge.compiler.fixed_point import Multiplier
from mlforge.compiler.ops.by_isa.dsp import factor_and_power
from mlforge.compiler.ops.operator import Lowered, View
from mlforge.compiler.ops.shared.scaled_pair import ScaledPair, result_range

_HALF: Final = Multiplier(1 << 30, 0)
_TABLE_BYTES: Final = 4 * 256
_WORTH: Final = 512  # elements: below, the table costs more than it saves


def lower_for_dsp(view: View, pair: ScaledPair) -> Lowered | None:
    """None where an input is constant or repeats, or where the numbers do not suit the kernel."""
    count = view.output.elements
    inputs = [view.input(position) for position in (0, 1)]
    if count < _WORTH or any(tensor.is_constant or tensor.elements != count for tensor in inputs):
        return None
    multipliers = (pair.first, pair.second)
    right = -pair.output.exponent
    if _HALF not in multipliers or not (2 <= right <= 31 or pair.output.value == 0):
        return None
    shifted = multipliers.index(_HALF)
    looked_up = 1 - shifted
    factor, power = factor_and_power(pair.output)
    low, high = result_range(view)
    return Lowered(
        kernel="mlforge_dsp_add_s8",
        parameters_type="mlforge_dsp_add",
        parameters={
            "count": count,
            "shifted_zero_point": view.input_quantization(shifted).zero_point,
            "looked_up_zero_point": view.input_quantization(looked_up).zero_point,
            "zero_point": view.output_quantization.zero_point,
            "low": low,
            "high": high,
            "looked_up_shift": multipliers[looked_up].shift,
            "looked_up_multiplier": multipliers[looked_up].value,
            "factor": factor,
            "power": power,
        },
        inputs=(view.node.inputs[shifted], view.node.inputs[looked_up]),
        outputs=view.node.outputs,
        takes_scratch=True,
        scratch_bytes=_TABLE_BYTES,
        in_place=frozenset(view.node.inputs),
    )
