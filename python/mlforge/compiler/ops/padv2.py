"""PADV2: PAD with a value of choice."""

from __future__ import annotations

import numpy as np

from mlforge.compiler.graph import DType
from mlforge.compiler.ops.operator import View
from mlforge.compiler.ops.shared.padding import Padding, one_kind_of_data, paddings_fit


def value_fits(view: View) -> str:
    """The value is one constant of the output's type with all bytes the same (such as any int8, or 0); an int8 has the
    output's quantisation.
    """
    value, output = view.input(2), view.output
    if not value.is_constant or value.elements != 1 or value.dtype is not output.dtype:
        return f'the value "{value.name}" is {"" if value.is_constant else "not constant "}{value}'
    if len(set(np.asarray(value.data).tobytes())) != 1:
        return f"the value is {np.asarray(value.data).reshape(-1)[0]}"
    a, b = value.quantization, output.quantization
    if output.dtype is DType.INT8 and (a is None or b is None or (a.scale, a.zero_point) != (b.scale, b.zero_point)):
        return f"the value has the quantisation {a}, the output {b}"
    return ""


class PadV2(Padding):
    kind = "PADV2"
    inputs = (3, 3)
    constraints = (one_kind_of_data, paddings_fit, value_fits)

    def value(self, view: View) -> int:
        return int(np.frombuffer(np.asarray(view.input(2).data).tobytes(), np.int8)[0])
