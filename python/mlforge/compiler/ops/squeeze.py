"""SQUEEZE: dimensions of size 1 go; the bytes stay."""

from mlforge.compiler.ops.shared.free_view import FreeView


class Squeeze(FreeView):
    kind = "SQUEEZE"
    inputs = (1, 1)
