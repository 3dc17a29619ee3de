"""SPLIT_V into pieces of given sizes."""

from mlforge.compiler.ops.operator import View
from mlforge.compiler.ops.shared.splitting import Splitting, mismatch


def pieces_fit(view: View) -> str:
    """The axis is constant int32; the outputs have the input's type and shape, but for the axis, where they add up."""
    return mismatch(view, view.input(), 2, equal=False)


class SplitV(Splitting):
    kind = "SPLIT_V"
    inputs = (3, 3)
    source, axis = 0, 2
    constraints = (pieces_fit,)
