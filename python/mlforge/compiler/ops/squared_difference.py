"""SQUARED_DIFFERENCE."""

from __future__ import annotations

from collections.abc import Mapping

from mlforge.compiler.fixed_point import Ints
from mlforge.compiler.graph import Attributes, DType
from mlforge.compiler.ops.operator import Field, Options, View
from mlforge.compiler.ops.shared.broadcast import Broadcast
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.shared.scaled_pair import ScaledPair

_BITS = {DType.INT8: 7, DType.INT16: 0}  # micro/kernels/squared_difference.cc: the square just fits 32 bits


def _factors(view: View) -> tuple[float, float, float]:
    """For input 1, input 2 and the output (PrepareQuantized in micro/kernels/squared_difference.cc)."""
    a, b = view.input_quantization(0).scale, view.input_quantization(1).scale
    twice_max = 2 * max(a, b)
    return (
        a / twice_max,
        b / twice_max,
        twice_max**2 / ((1 << 2 * _BITS[view.output.dtype]) * view.output_quantization.scale),
    )


class SquaredDifference(Broadcast):
    kind = "SQUARED_DIFFERENCE"
    kernel = "mlforge_squared_difference"
    parameters_type = "mlforge_scaled_pair"

    def read(self, options: Options) -> Attributes:
        return ElementwiseAttributes()

    def results(self, view: View, a: Ints, b: Ints) -> Ints:
        pair = ScaledPair.of(_BITS[view.output.dtype], _factors(view))
        first, second = pair.scaled(view, a, b)
        return pair.finished(view, (first - second) ** 2)

    def parameters(self, view: View) -> Mapping[str, Field]:
        return ScaledPair.of(_BITS[view.output.dtype], _factors(view)).parameters(view)
