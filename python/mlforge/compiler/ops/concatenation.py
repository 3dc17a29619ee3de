"""CONCATENATION. Free where the inputs can be made in their place in the output, else a copy."""

from __future__ import annotations

from dataclasses import dataclass

from tflite.ConcatenationOptions import ConcatenationOptions

from mlforge.compiler.fixed_point import Activation
from mlforge.compiler.graph import Attributes, DType, Tensor
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Lowered, Operator, Options, Part, View, read_activation
from mlforge.compiler.ops.shared.movement import rank_is_moderate, resolved_axis
from mlforge.compiler.ops.shared.pieces import Pieces, parts_of, pieces_along, together


@dataclass(frozen=True, slots=True)
class ConcatenationAttributes(Attributes):
    axis: int = 0
    activation: Activation = Activation.NONE


def no_activation(view: View) -> str:
    """No activation is fused."""
    activation = view.node.attributes_as(ConcatenationAttributes).activation
    return "" if activation is Activation.NONE else f"{activation} is fused"


def inputs_are_alike(view: View) -> str:
    """All inputs have the output's type; int8 inputs have its quantisation, int16 inputs the zero point 0."""
    for tensor in (*_inputs(view), view.output):
        if tensor.dtype is not view.output.dtype:
            return f'tensor "{tensor.name}" is {tensor} for the output {view.output}'
        scale_counts = tensor.dtype is DType.INT8
        if tensor.dtype in (DType.INT8, DType.INT16) and not _is_alike(tensor, view.output, scale_counts):
            return f'tensor "{tensor.name}" has the quantisation {tensor.quantization}'
    return ""


def _is_alike(tensor: Tensor, output: Tensor, scale_counts: bool) -> bool:
    a, b = tensor.quantization, output.quantization
    if a is None or b is None or a.per_channel or b.per_channel:
        return False
    return (a.scale, a.zero_point) == (b.scale, b.zero_point) if scale_counts else a.zero_point == 0


def shapes_fit(view: View) -> str:
    """All shapes are the output's but along the axis, where they add up to it."""
    axis, shape = _axis(view), view.output.shape
    if axis is None:
        return f"the axis is {view.node.attributes_as(ConcatenationAttributes).axis} for {view.output}"
    for tensor in _inputs(view):
        if len(tensor.shape) != len(shape) or any(
            a != b for i, (a, b) in enumerate(zip(tensor.shape, shape, strict=True)) if i != axis
        ):
            return f'tensor "{tensor.name}" is {tensor} for the output {view.output}'
    total = sum(tensor.shape[axis] for tensor in _inputs(view))
    return "" if total == shape[axis] else f"{total} elements along axis {axis} for the output {view.output}"


def _inputs(view: View) -> list[Tensor]:
    return [view.input(position) for position in range(len(view.node.inputs))]


def _axis(view: View) -> int | None:
    return resolved_axis(view.node.attributes_as(ConcatenationAttributes).axis, len(view.output.shape))


class Concatenation(Operator):
    kind = "CONCATENATION"
    options = "ConcatenationOptions"
    inputs = (1, 256)
    constraints = (no_activation, rank_is_moderate, inputs_are_alike, shapes_fit)

    def read(self, options: Options) -> Attributes:
        if options is None:
            return ConcatenationAttributes()
        table = ConcatenationOptions()
        table.Init(options.Bytes, options.Pos)
        return ConcatenationAttributes(table.Axis(), read_activation(self.kind, table.FusedActivationFunction()))

    def parts(self, view: View) -> tuple[Part, ...]:
        return parts_of(view, view.node.outputs[0], _pieces(view), view.node.inputs)

    def lower(self, view: View, isa: Isa) -> Lowered:
        return together(view, _pieces(view))


def _pieces(view: View) -> Pieces:
    return pieces_along(_axis(view) or 0, view.output.shape, _inputs(view))
