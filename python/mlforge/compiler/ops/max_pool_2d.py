"""MAX_POOL_2D."""

from mlforge.compiler.ops.pooling import Pool


class MaxPool2D(Pool):
    kind = "MAX_POOL_2D"
    kernel = "mlforge_max_pool_2d_s8"
    dsp_kernel = "mlforge_dsp_max_pool_2d_s8"
