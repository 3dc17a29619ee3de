"""ADD."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tflite.AddOptions import AddOptions

from mlforge.compiler.fixed_point import Ints
from mlforge.compiler.graph import Attributes, DType, Shape
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.by_isa.dsp_add import lower_for_dsp
from mlforge.compiler.ops.operator import Field, Lowered, Options, View, read_activation
from mlforge.compiler.ops.shared.arithmetic import Arithmetic
from mlforge.compiler.ops.shared.broadcast import Broadcast, activations, constant_operands
from mlforge.compiler.ops.shared.integers import is_int8
from mlforge.compiler.ops.shared.scaled_pair import ArithmeticAttributes, ScaledPair

_BITS = {DType.INT8: 20, DType.INT16: 15}  # micro/kernels/add_common.cc


@dataclass(frozen=True, slots=True)
class AddAttributes(ArithmeticAttributes):
    """The fused activation."""


def output_scale_is_sane(view: View) -> str:
    """But for int32, the output's scale is above a 524288th (int16: a 16384th) of the larger input scale."""
    if view.output.dtype is DType.INT32:
        return ""
    return "" if _factors(view)[2] < 1 else f"the output's scale is {view.output_quantization.scale:.9g}"


def _factors(view: View) -> tuple[float, float, float]:
    """For input 1, input 2 and the output, in doubles (CalculateOpDataAdd in micro/kernels/add_common.cc)."""
    a, b = view.input_quantization(0).scale, view.input_quantization(1).scale
    twice_max = 2 * max(a, b)
    return a / twice_max, b / twice_max, twice_max / ((1 << _BITS[view.output.dtype]) * view.output_quantization.scale)


def _repeats(shape: Shape, full: Shape) -> bool:
    """Whether `shape` is that of the last dimensions of `full`, but for leading ones."""
    core = list(shape)
    while core and core[0] == 1:
        del core[0]
    return len(core) <= len(full) and tuple(core) == full[len(full) - len(core) :]


class Add(Arithmetic):
    kind = "ADD"
    name = "add"
    clamps_int32 = False
    options = "AddOptions"
    constraints = (*Arithmetic.constraints, output_scale_is_sane)
    kernel = "mlforge_add_walk"
    parameters_type = "mlforge_scaled_pair"

    def read(self, options: Options) -> Attributes:
        if options is None:
            return AddAttributes()
        table = AddOptions()
        table.Init(options.Bytes, options.Pos)
        return AddAttributes(read_activation(self.kind, table.FusedActivationFunction()))

    def results(self, view: View, a: Ints, b: Ints) -> Ints:
        pair = ScaledPair.of(_BITS[view.output.dtype], _factors(view))
        first, second = pair.scaled(view, a, b)
        return pair.finished(view, first + second)

    def parameters(self, view: View) -> Mapping[str, Field]:
        return ScaledPair.of(_BITS[view.output.dtype], _factors(view)).parameters(view)

    def lower_quantised(self, view: View, isa: Isa) -> Lowered:
        pair = ScaledPair.of(_BITS[view.output.dtype], _factors(view))
        dsp = lower_for_dsp(view, pair) if isa.has_dsp and is_int8(view) else None
        return dsp or Broadcast.lower(self, view, isa)

    def walk(self, view: View) -> Lowered:
        """The faster kernel where one input has all elements, and the other some that repeat."""
        full = view.output
        counts = [view.input(position).elements for position in (0, 1)]
        if (
            not is_int8(view)
            or full.elements not in counts
            or not all(_repeats(view.input(p).shape, full.shape) for p in (0, 1))
        ):
            return Broadcast.walk(self, view)
        repeats = {
            f"repeat_{position}": 0 if count == full.elements else count for position, count in enumerate(counts, 1)
        }
        return Lowered(
            kernel="mlforge_add_s8",
            parameters_type="mlforge_add",
            parameters={"count": full.elements, **repeats, **self.parameters(view)},
            inputs=activations(view),
            outputs=view.node.outputs,
            in_place=frozenset(
                index for index in activations(view) if view.graph.tensors[index].elements == full.elements
            ),
            constant_inputs=constant_operands(view),
        )
