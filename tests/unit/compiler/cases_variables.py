"""Random graphs that keep the last rows of what came before in a resource variable, as streaming models do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mlforge.compiler.graph import DType, Graph, Node, Quantization, Tensor
from mlforge.compiler.ops.concatenation import ConcatenationAttributes
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.slice import SliceAttributes
from tests.unit.compiler.cases import Maker


def remembering(m: Maker) -> Graph:
    """The rows that were kept, and the new ones behind them; the last of them are kept."""
    kept, new, channels = m.random.randint(1, 9), m.random.randint(1, 4), m.random.randint(1, 12)
    dtype = m.random.choice([DType.INT8, DType.INT8, DType.INT16])
    quantization = Quantization((m.scale(),), (m.zero_point() if dtype is DType.INT8 else 0,))

    def rows(name: str, count: int) -> int:
        return m.add(Tensor(name, (1, count, channels), dtype, quantization))

    source, old, both, last = rows("x", new), rows("old", kept), rows("both", kept + new), rows("last", kept)
    begin, size = m.integers([0, new, 0]), m.integers([1, kept, channels])
    begins = first(m, dtype, last)
    state = m.add(Tensor("rows", (1, kept, channels), dtype, quantization, is_variable=True, initial=begins))
    nodes = (
        Node("READ_VARIABLE", (state,), (old,), ElementwiseAttributes()),
        Node("CONCATENATION", (old, source), (both,), ConcatenationAttributes(1)),
        Node("SLICE", (both, begin, size), (last,), SliceAttributes()),
        Node("ASSIGN_VARIABLE", (last, state), (), ElementwiseAttributes()),
    )
    return Graph(tuple(m.tensors), nodes, (source,), (both,))


def ring(m: Maker) -> Graph:
    """The same, of which an operator reads all: a ring in place, where as many rows are kept as are new."""
    kept = remembering(m)
    dtype = m.tensors[kept.outputs[0]].dtype
    if dtype is not DType.INT8:
        return kept
    output = m.add(replace(m.tensors[kept.outputs[0]], name="y"))
    node = Node("ABS", kept.outputs, (output,), ElementwiseAttributes())
    return Graph(tuple(m.tensors), (*kept.nodes, node), kept.inputs, (output,))


def first(m: Maker, dtype: DType, like: int) -> np.ndarray | None:
    shape, info = m.tensors[like].shape, np.iinfo(dtype.value)
    match m.random.randrange(3):
        case 0:
            return None
        case 1:
            return np.full(shape, m.quantization(like).zero_point, dtype.value)
    return m.numbers.integers(info.min, info.max, shape, dtype.value, endpoint=True)


CASES: dict[str, Callable[[Maker], Graph]] = {"READ_VARIABLE": remembering, "ASSIGN_VARIABLE": remembering}
