"""Random products of matrices."""

from __future__ import annotations

from collections.abc import Callable

from mlforge.compiler.graph import DType, Graph, Node, Quantization, Tensor
from mlforge.compiler.ops.batch_matmul import BatchMatMulAttributes
from tests.unit.compiler.cases import Maker
from tests.unit.compiler.cases_movement import data, graph_of


def batch_matmul(m: Maker) -> Graph:
    rows, depth, columns = (m.random.randint(1, 9) for _ in range(3))
    batch = [m.random.randint(1, 3) for _ in range(m.random.randint(0, 3))]
    turned = m.random.random() < 0.4, m.random.random() < 0.5
    dtype = m.random.choice([DType.INT8, DType.INT8, DType.INT16])
    shapes = []
    for transposed, matrix in zip(turned, ((rows, depth), (depth, columns)), strict=True):
        kept = batch[m.random.randint(0, len(batch)) :] if m.random.random() < 0.3 else batch
        own = [m.random.choice([size, size, 1]) for size in kept]
        shapes.append((*own, *(matrix[::-1] if transposed else matrix)))
    full = [1] * len(batch)
    for shape in shapes:
        padded = [1] * (len(batch) + 2 - len(shape)) + list(shape[:-2])
        full = [max(a, b) for a, b in zip(full, padded[: len(batch)], strict=True)]
    rank = max(len(shape) for shape in shapes)
    first, second = data(m, shapes[0], dtype), data(m, shapes[1], dtype)
    if m.random.random() < 0.3 and dtype is DType.INT8:
        values = m.numbers.integers(-128, 128, shapes[1]).astype("int8")
        second = m.add(Tensor("w", shapes[1], dtype, Quantization((m.scale(),), (m.zero_point(),)), values))
    output = data(m, (*full[len(full) - (rank - 2) :], rows, columns), dtype)
    return graph_of(m, [Node("BATCH_MATMUL", (first, second), (output,), BatchMatMulAttributes(*turned))], [output])


CASES: dict[str, Callable[[Maker], Graph]] = {"BATCH_MATMUL": batch_matmul}
