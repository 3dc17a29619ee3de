"""AVERAGE_POOL_2D."""

from mlforge.compiler.ops.shared.pooling import Pool


class AveragePool2D(Pool):
    kind = "AVERAGE_POOL_2D"
    kernel = "average_pool_2d"
