"""EXPAND_DIMS: a dimension of size 1 comes in; the bytes stay."""

from mlforge.compiler.ops.shared.free_view import FreeView


class ExpandDims(FreeView):
    kind = "EXPAND_DIMS"
    inputs = (2, 2)
