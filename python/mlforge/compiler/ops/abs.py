"""ABS."""

from mlforge.compiler.fixed_point import quantize_multiplier
from mlforge.compiler.ops.operator import View
from mlforge.compiler.ops.shared.integers import limits_of
from mlforge.compiler.ops.shared.rescaling import NOTHING, ONE, Lines, Rescaling


class Abs(Rescaling):
    kind = "ABS"

    def lines(self, view: View) -> Lines:
        """In doubles; equal scales are not even multiplied (AbsEvalQuantized in micro/kernels/elementwise.cc)."""
        source, result = view.input_quantization(), view.output_quantization
        factor = quantize_multiplier(source.scale / result.scale)
        same = source.scale == result.scale
        return Lines(ONE if same else factor, NOTHING, result.zero_point, *limits_of(view), absolute=True)
