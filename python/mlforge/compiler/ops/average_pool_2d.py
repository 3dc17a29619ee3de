"""AVERAGE_POOL_2D."""

from mlforge.compiler.ops.pooling import Pool


class AveragePool2D(Pool):
    kind = "AVERAGE_POOL_2D"
    kernel = "mlforge_average_pool_2d_s8"
    dsp_kernel = "mlforge_dsp_average_pool_2d_s8"
