"""SPACE_TO_DEPTH."""

from __future__ import annotations

from tflite.SpaceToDepthOptions import SpaceToDepthOptions

from mlforge.compiler.graph import Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Lowered, Operator, Options, View, without_options
from mlforge.compiler.ops.shared import depth
from mlforge.compiler.ops.shared.movement import input_is_activation, lower_copy, same_type


def blocks_fit(view: View) -> str:
    """Input and output are [batch, height, width, channels]: the input's height and width are those of the output times
    the block's size, its channels those of the output divided by the square of it."""
    return depth.blocks_fit(view.output.shape, view.input().shape, view)


class SpaceToDepth(Operator):
    kind = "SPACE_TO_DEPTH"
    options = "SpaceToDepthOptions"
    inputs = (1, 1)
    constraints = (input_is_activation, same_type, blocks_fit)

    def read(self, options: Options) -> Attributes:
        if options is None:
            raise without_options(self.kind, "the size of a block")
        table = SpaceToDepthOptions()
        table.Init(options.Bytes, options.Pos)
        return depth.DepthAttributes(table.BlockSize())

    def lower(self, view: View, isa: Isa) -> Lowered:
        return lower_copy(view, depth.turned(depth.rows(view.output.shape, view.input().shape, view)))
