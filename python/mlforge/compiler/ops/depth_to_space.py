"""DEPTH_TO_SPACE."""

from __future__ import annotations

from tflite.DepthToSpaceOptions import DepthToSpaceOptions

from mlforge.compiler.graph import Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Lowered, Operator, Options, View, without_options
from mlforge.compiler.ops.shared import depth
from mlforge.compiler.ops.shared.movement import input_is_activation, lower_copy, same_type


def blocks_fit(view: View) -> str:
    """Input and output are [batch, height, width, channels]: the output's height and width are those of the input times
    the block's size, its channels those of the input divided by the square of it."""
    return depth.blocks_fit(view.input().shape, view.output.shape, view)


class DepthToSpace(Operator):
    kind = "DEPTH_TO_SPACE"
    options = "DepthToSpaceOptions"
    inputs = (1, 1)
    constraints = (input_is_activation, same_type, blocks_fit)

    def read(self, options: Options) -> Attributes:
        if options is None:
            raise without_options(self.kind, "the size of a block")
        table = DepthToSpaceOptions()
        table.Init(options.Bytes, options.Pos)
        return depth.DepthAttributes(table.BlockSize())

    def lower(self, view: View, isa: Isa) -> Lowered:
        return lower_copy(view, depth.rows(view.input().shape, view.output.shape, view))
