"""SUB."""

from __future__ import annotations

from collections.abc import Mapping

from tflite.SubOptions import SubOptions

from mlforge.compiler.fixed_point import Ints
from mlforge.compiler.graph import Attributes, DType
from mlforge.compiler.ops.operator import Field, Options, View, read_activation
from mlforge.compiler.ops.shared.arithmetic import Arithmetic
from mlforge.compiler.ops.shared.scaled_pair import ArithmeticAttributes, ScaledPair

_BITS = {DType.INT8: 20, DType.INT16: 15}  # micro/kernels/sub_common.cc


def output_scale_is_sane(view: View) -> str:
    """But for int32, the output's scale is above a 524288th (int16: a 16384th) of the larger input scale."""
    if view.output.dtype is DType.INT32:
        return ""
    factor = _factors(view)[2]
    return "" if 0 < factor < 1 else f"the output's scale is {view.output_quantization.scale:.9g}"


def _factors(view: View) -> tuple[float, float, float]:
    """For input 1, input 2 and the output, in doubles (CalculateOpDataSub in micro/kernels/sub_common.cc)."""
    a, b, result = (q.scale for q in (view.input_quantization(0), view.input_quantization(1), view.output_quantization))
    twice_max = 2 * max(a, b)
    return a / twice_max, b / twice_max, twice_max / ((1 << _BITS[view.output.dtype]) * result)


class Sub(Arithmetic):
    kind = "SUB"
    name = "sub"
    options = "SubOptions"
    constraints = (*Arithmetic.constraints, output_scale_is_sane)
    kernel = "mlforge_sub"
    parameters_type = "mlforge_scaled_pair"

    def read(self, options: Options) -> Attributes:
        if options is None:
            return ArithmeticAttributes()
        table = SubOptions()
        table.Init(options.Bytes, options.Pos)
        return ArithmeticAttributes(read_activation(self.kind, table.FusedActivationFunction()))

    def results(self, view: View, a: Ints, b: Ints) -> Ints:
        pair = ScaledPair.of(_BITS[view.output.dtype], _factors(view))
        first, second = pair.scaled(view, a, b)
        return pair.finished(view, first - second)

    def parameters(self, view: View) -> Mapping[str, Field]:
        return ScaledPair.of(_BITS[view.output.dtype], _factors(view)).parameters(view)
