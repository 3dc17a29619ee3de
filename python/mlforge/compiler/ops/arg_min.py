"""ARG_MIN along one axis, to int32."""

from mlforge.compiler.ops.arg_max import ArgMax


class ArgMin(ArgMax):
    kind = "ARG_MIN"
    flip = -1
