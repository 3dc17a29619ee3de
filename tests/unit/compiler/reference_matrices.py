"""BATCH_MATMUL, after kernels/internal/reference/batch_matmul.h and micro/kernels/batch_matmul.cc."""

from __future__ import annotations

import numpy as np

from mlforge.compiler.graph import DType, Node
from tests.unit.compiler.known import quant, told
from tests.unit.compiler.reference import (
    Array,
    Interpreter,
    clamp,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    wrap32,
)
from tests.unit.compiler.reference_int16 import multiply_int64


class MatricesReference(Interpreter):
    def batch_matmul(self, node: Node) -> Array:
        operands = []
        for position, turned in enumerate((told(node).first_is_transposed, told(node).second_is_transposed)):
            x = self.value(node, position) - quant(self.tensor(node, position)).zero_point
            operands.append(np.swapaxes(x, -1, -2) if turned else x)
        sums = operands[0] @ operands[1]
        scales = [quant(self.tensor(node, position)).scale for position in (0, 1)]
        output = self.output(node)
        factor = quantize_multiplier(scales[0] * scales[1] / quant(output).scale)
        if output.dtype is DType.INT16:
            wide = [multiply_int64(int(value), *factor) for value in sums.reshape(-1)]
            return clamp(np.array(wide).reshape(sums.shape), (-32768, 32767))
        result = multiply_by_quantized_multiplier(wrap32(sums), *factor) + quant(output).zero_point
        return clamp(result, (-128, 127))
