"""MUL."""

from __future__ import annotations

from collections.abc import Mapping

from tflite.MulOptions import MulOptions

from mlforge.compiler.fixed_point import Ints, Multiplier, quantize_multiplier
from mlforge.compiler.graph import Attributes
from mlforge.compiler.ops.operator import Field, Options, View, output_stage, read_activation, stage_shift
from mlforge.compiler.ops.shared.arithmetic import Arithmetic
from mlforge.compiler.ops.shared.integers import is_int8
from mlforge.compiler.ops.shared.scaled_pair import ArithmeticAttributes, finished, result_range


class Mul(Arithmetic):
    kind = "MUL"
    name = "mul"
    options = "MulOptions"
    kernel = "mlforge_mul"
    parameters_type = "mlforge_product"

    def read(self, options: Options) -> Attributes:
        if options is None:
            return ArithmeticAttributes()
        table = MulOptions()
        table.Init(options.Bytes, options.Pos)
        return ArithmeticAttributes(read_activation(self.kind, table.FusedActivationFunction()))

    def results(self, view: View, a: Ints, b: Ints) -> Ints:
        centred = (a - view.input_quantization(0).zero_point) * (b - view.input_quantization(1).zero_point)
        return finished(view, centred, _multiplier(view))

    def parameters(self, view: View) -> Mapping[str, Field]:
        low, high = result_range(view)
        multiplier = _multiplier(view)
        return {
            "zero_point_1": view.input_quantization(0).zero_point,
            "zero_point_2": view.input_quantization(1).zero_point,
            "shift": stage_shift(multiplier, low, high) if is_int8(view) else multiplier.shift,
            "stage": output_stage(low, high, view.output_quantization.zero_point),
            "multiplier": multiplier.value,
        }


def _multiplier(view: View) -> Multiplier:
    """In doubles (CalculateOpDataMul in micro/kernels/mul_common.cc)."""
    a, b = view.input_quantization(0).scale, view.input_quantization(1).scale
    return quantize_multiplier(a * b / view.output_quantization.scale)
