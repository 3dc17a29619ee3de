"""MAX_POOL_2D."""

from mlforge.compiler.ops.shared.pooling import Pool


class MaxPool2D(Pool):
    kind = "MAX_POOL_2D"
    kernel = "max_pool_2d"
