"""REDUCE_MIN over any axes."""

from mlforge.compiler.ops.reduce_max import ReduceMax


class ReduceMin(ReduceMax):
    kind = "REDUCE_MIN"
    flip = -1
