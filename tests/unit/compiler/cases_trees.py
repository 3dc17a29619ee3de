"""Features with scales of their own; random forests: all shapes, single leaves among them, and leaves of any width."""

from __future__ import annotations

import numpy as np

from mlforge.compiler.fixed_point import float32
from mlforge.compiler.graph import DType, Graph, Quantization, Tensor
from mlforge.compiler.ops.scale_features import bits_of
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from tests.unit.compiler.cases import Maker


def trees(m: Maker) -> Graph:
    dtype = m.random.choice([DType.INT8, DType.INT16])
    shape = m.random.choice([(1, 3), (1, 40), (1, 5, 4, 2), (1, 300)])
    outputs = m.random.choice([1, 2, 3, 7])
    width = m.random.choice([1, outputs])
    leaves, count = m.random.choice([1, 5, 200]), m.random.choice([1, 2, 30])
    splits, roots = _grown(m, int(np.prod(shape)), leaves, count, dtype)
    targets = [m.random.randint(0, outputs - width) for _ in roots]
    scale = m.scale(1e-6, 1e-3)
    values = m.numbers.integers(-32768, 32768, (leaves, width), np.int16)
    base = m.numbers.integers(-(1 << 29), (1 << 29) + 1, outputs) if m.random.random() < 0.2 else np.zeros(outputs)
    factor = m.random.choice([1.0, 1.7, 64.0, 30000.0])
    x = m.add(Tensor("x", shape, dtype, Quantization((m.scale(),), (m.zero_point() if dtype is DType.INT8 else 0,))))
    constants = [m.integers(roots), m.integers(targets), m.integers(splits)]
    constants.append(m.add(Tensor("leaves", values.shape, DType.INT16, Quantization((scale,), (0,)), values)))
    constants.append(m.integers(base))
    output = m.add(Tensor("y", (1, outputs), DType.INT16, Quantization((float32(scale * factor),), (0,))))
    return m.graph("MLFORGE_TREES", [x, *constants], output, ElementwiseAttributes())


def _grown(m: Maker, features: int, leaves: int, count: int, dtype: DType) -> tuple[list[list[int]], list[int]]:
    """Splits and roots. Each split leads on to the next ones of its tree, or to leaves."""
    info = np.iinfo(dtype.value)
    splits: list[list[int]] = []
    roots: list[int] = []
    for _ in range(count):
        size = m.random.choice([0, 1, 3, 40])
        first = len(splits)
        roots.append(first if size else -1 - m.random.randrange(leaves))
        for place in range(first, first + size):
            ahead = range(place + 1, first + size)
            children = [
                m.random.choice(ahead) if ahead and m.random.random() < 0.8 else -1 - m.random.randrange(leaves)
                for _ in range(2)
            ]
            threshold = m.random.choice([info.min, info.max, m.random.randint(info.min, info.max)])
            splits.append([m.random.randrange(features), threshold, *children])
    return splits or [[0, 0, -1, -1]], roots


def scale_features(m: Maker) -> Graph:
    shape = m.random.choice([(1, 1), (1, 7), (1, 3, 4, 5)])
    dtype = m.random.choice([DType.INT8, DType.INT16])
    size = int(np.prod(shape))
    offsets = (m.numbers.normal(size=size) * 10.0 ** m.numbers.integers(-6, 7, size)).astype(np.float32)
    steps = (10.0 ** m.numbers.uniform(-6, 6, size)).astype(np.float32)
    x = m.add(Tensor("x", shape, DType.FLOAT32))
    features = m.integers(bits_of(offsets, steps))
    output = m.add(Tensor("y", shape, dtype, Quantization((1.0,), (0,))))
    return m.graph("MLFORGE_SCALE_FEATURES", [x, features], output, ElementwiseAttributes())


CASES = {"MLFORGE_SCALE_FEATURES": scale_features, "MLFORGE_TREES": trees}
