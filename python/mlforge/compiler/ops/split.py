"""SPLIT into pieces of one size."""

from mlforge.compiler.ops.operator import View
from mlforge.compiler.ops.shared.splitting import Splitting, mismatch


def pieces_fit(view: View) -> str:
    """The axis is constant int32; the outputs have the second input's type and shape, with equal shares of the axis."""
    return mismatch(view, view.input(1), 0, equal=True)


class Split(Splitting):
    kind = "SPLIT"
    inputs = (2, 2)
    source, axis = 1, 0
    constraints = (pieces_fit,)
