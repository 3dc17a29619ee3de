"""ADD of two activations, one of which may be repeated to fit the other."""

from __future__ import annotations

from dataclasses import dataclass

from tflite.AddOptions import AddOptions

from mlforge.compiler.fixed_point import Activation, activation_range, quantize_multiplier
from mlforge.compiler.graph import Attributes, DType, Shape
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.contract import (
    Field,
    Lowered,
    Operator,
    Options,
    View,
    input_is_int8,
    output_is_int8,
    output_stage,
    read_activation,
    stage_shift,
)

_LEFT_SHIFT = 20  # fraction bits of the sum for int8 (micro/kernels/add_common.cc)


@dataclass(frozen=True, slots=True)
class AddAttributes(Attributes):
    activation: Activation = Activation.NONE


def second_is_int8(view: View) -> str:
    """The second input is an int8 activation, quantised per tensor."""
    tensor = view.input(1)
    if tensor.is_constant or tensor.dtype is not DType.INT8 or tensor.quantization is None:
        return f'tensor "{tensor.name}" is {"constant " if tensor.is_constant else ""}{tensor}'
    return f'tensor "{tensor.name}" has several scales' if tensor.quantization.per_channel else ""


def shapes_repeat(view: View) -> str:
    """Both inputs have the output's shape, or one has only its last dimensions (leading ones 1 or missing)."""
    a, b = view.input(0), view.input(1)
    full = view.output.shape
    if full not in (a.shape, b.shape) or not (_repeats(a.shape, full) and _repeats(b.shape, full)):
        return f"the shapes are {a} and {b} for {view.output}"
    return ""


def _repeats(shape: Shape, full: Shape) -> bool:
    core = list(shape)
    while core and core[0] == 1:
        del core[0]
    return len(shape) <= len(full) and tuple(core) == full[len(full) - len(core) :]


def output_scale_is_sane(view: View) -> str:
    """The output's scale is at least a 524288th of the larger input scale."""
    return "" if _factors(view)[2] < 1 else f"the output's scale is {view.output_quantization.scale:.9g}"


def _factors(view: View) -> tuple[float, float, float]:
    """For input 1, input 2 and the output (CalculateOpDataAdd in micro/kernels/add_common.cc)."""
    a, b = view.input_quantization(0).scale, view.input_quantization(1).scale
    twice_max = 2 * max(a, b)
    return a / twice_max, b / twice_max, twice_max / ((1 << _LEFT_SHIFT) * view.output_quantization.scale)


class Add(Operator):
    kind = "ADD"
    options = "AddOptions"
    inputs = (2, 2)
    constraints = (input_is_int8, second_is_int8, output_is_int8, shapes_repeat, output_scale_is_sane)

    def read(self, options: Options) -> Attributes:
        if options is None:
            return AddAttributes()
        table = AddOptions()
        table.Init(options.Bytes, options.Pos)
        return AddAttributes(read_activation(self.kind, table.FusedActivationFunction()))

    def lower(self, view: View, isa: Isa) -> Lowered:
        quantization = view.output_quantization
        activation = view.node.attributes_as(AddAttributes).activation
        low, high = activation_range(activation, quantization.scale, quantization.zero_point)
        names = ("1", "2", "output")
        multipliers = [quantize_multiplier(factor) for factor in _factors(view)]
        parameters: dict[str, Field] = {"count": view.output.elements}
        for position in (0, 1):
            elements = view.input(position).elements
            parameters[f"repeat_{position + 1}"] = 0 if elements == view.output.elements else elements
            parameters[f"zero_point_{position + 1}"] = view.input_quantization(position).zero_point
        parameters |= {f"shift_{name}": m.shift for name, m in zip(names[:2], multipliers[:2], strict=True)}
        parameters["shift_output"] = stage_shift(multipliers[2], low, high)
        parameters["stage"] = output_stage(low, high, quantization.zero_point)
        parameters |= {f"multiplier_{name}": m.value for name, m in zip(names, multipliers, strict=True)}
        full = {index for index in view.node.inputs if view.graph.tensors[index].elements == view.output.elements}
        return Lowered(
            kernel="mlforge_add_s8",
            parameters_type="mlforge_add",
            parameters=parameters,
            inputs=view.node.inputs,
            outputs=view.node.outputs,
            in_place=frozenset(full),
        )
