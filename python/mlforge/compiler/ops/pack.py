"""PACK: tensors of one shape along a new axis. Free where they can be made in place in the output, else a copy."""

from __future__ import annotations

from dataclasses import dataclass

from tflite.PackOptions import PackOptions

from mlforge.compiler.graph import Attributes, Tensor
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Lowered, Operator, Options, Part, View, without_options
from mlforge.compiler.ops.shared.movement import rank_is_moderate, resolved_axis
from mlforge.compiler.ops.shared.pieces import Pieces, parts_of, pieces_along, together


@dataclass(frozen=True, slots=True)
class PackAttributes(Attributes):
    count: int
    axis: int = 0


def inputs_fit(view: View) -> str:
    """All inputs have one shape and the output's type; the output has their number as a new dimension at the axis."""
    attributes, axis = view.node.attributes_as(PackAttributes), _axis(view)
    inputs, output = _inputs(view), view.output
    if axis is None or attributes.count != len(inputs):
        return f"{attributes.count} values along axis {attributes.axis}, with {len(inputs)} inputs and {output}"
    expected = (*output.shape[:axis], *output.shape[axis + 1 :])
    for tensor in inputs:
        if tensor.shape != expected or tensor.dtype is not output.dtype:
            return f'tensor "{tensor.name}" is {tensor} for the output {output}'
    return "" if output.shape[axis] == len(inputs) else f"the output is {output} for {len(inputs)} inputs"


def _inputs(view: View) -> list[Tensor]:
    return [view.input(position) for position in range(len(view.node.inputs))]


def _axis(view: View) -> int | None:
    return resolved_axis(view.node.attributes_as(PackAttributes).axis, len(view.output.shape))


class Pack(Operator):
    kind = "PACK"
    options = "PackOptions"
    inputs = (1, 256)
    constraints = (rank_is_moderate, inputs_fit)

    def read(self, options: Options) -> Attributes:
        if options is None:
            raise without_options(self.kind, "the number of inputs")
        table = PackOptions()
        table.Init(options.Bytes, options.Pos)
        return PackAttributes(table.ValuesCount(), table.Axis())

    def parts(self, view: View) -> tuple[Part, ...]:
        return parts_of(view, view.node.outputs[0], _pieces(view), view.node.inputs)

    def lower(self, view: View, isa: Isa) -> Lowered:
        return together(view, _pieces(view))


def _pieces(view: View) -> Pieces:
    return pieces_along(_axis(view) or 0, view.output.shape, _inputs(view))
