"""UNPACK: the slices along an axis, which goes. Free where each lies together in the input, else copies."""

from __future__ import annotations

from dataclasses import dataclass

from tflite.UnpackOptions import UnpackOptions

from mlforge.compiler.graph import Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Lowered, Operator, Options, Part, View, without_options
from mlforge.compiler.ops.shared.movement import input_is_activation, rank_is_moderate, resolved_axis, same_type
from mlforge.compiler.ops.shared.pieces import Pieces, apart, parts_of, pieces_along


@dataclass(frozen=True, slots=True)
class UnpackAttributes(Attributes):
    count: int
    axis: int = 0


def outputs_fit(view: View) -> str:
    """There is one output for each index along the axis, with the input's shape but for it."""
    attributes, axis = view.node.attributes_as(UnpackAttributes), _axis(view)
    shape, results = view.input().shape, view.results
    if axis is None or not attributes.count == len(results) == shape[axis]:
        return f"{attributes.count} values along axis {attributes.axis} of {view.input()}, {len(results)} outputs"
    expected = (*shape[:axis], *shape[axis + 1 :])
    return next((f'output "{one.name}" is {one} of {view.input()}' for one in results if one.shape != expected), "")


def _axis(view: View) -> int | None:
    return resolved_axis(view.node.attributes_as(UnpackAttributes).axis, len(view.input().shape))


class Unpack(Operator):
    kind = "UNPACK"
    options = "UnpackOptions"
    inputs = (1, 1)
    outputs = (1, 256)
    constraints = (input_is_activation, same_type, rank_is_moderate, outputs_fit)

    def read(self, options: Options) -> Attributes:
        if options is None:
            raise without_options(self.kind, "the number of outputs")
        table = UnpackOptions()
        table.Init(options.Bytes, options.Pos)
        return UnpackAttributes(table.Num(), table.Axis())

    def parts(self, view: View) -> tuple[Part, ...]:
        return parts_of(view, view.node.inputs[0], _pieces(view), view.node.outputs)

    def lower(self, view: View, isa: Isa) -> Lowered:
        return apart(view, 0, _pieces(view))


def _pieces(view: View) -> Pieces:
    return pieces_along(_axis(view) or 0, view.input().shape, view.results)
