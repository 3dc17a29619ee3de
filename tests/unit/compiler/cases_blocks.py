"""Random graphs of operators that arrange values anew: blocks to batches or channels, mirrors, and backwards."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from mlforge.compiler.graph import DType, Graph, Tensor
from mlforge.compiler.ops.mirror_pad import MirrorPadAttributes
from mlforge.compiler.ops.shared.blocks import BlockAttributes
from mlforge.compiler.ops.shared.depth import DepthAttributes
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from tests.unit.compiler.cases import Maker
from tests.unit.compiler.cases_movement import any_shape, any_type, data, simple


def to_batch(kind: str) -> Callable[[Maker], Graph]:
    def make(m: Maker) -> Graph:
        spatial = m.random.choice([1, 2, 2])
        sizes = [m.random.randint(1, 3) for _ in range(spatial)]
        small = [m.random.randint(1, 4) for _ in range(spatial)]
        edges = []
        for size, block in zip(small, sizes, strict=True):
            before = m.random.randint(0, size * block - 1)
            edges.append((before, m.random.randint(0, size * block - 1 - before)))
        if m.random.random() < 0.3:
            edges = [(0, 0)] * spatial
        batch, channels = m.random.choice([1, 1, 2]), m.random.randint(1, 4)
        many = (batch * prod(sizes), *small, channels)
        few = (batch, *(a * b - sum(e) for a, b, e in zip(small, sizes, edges, strict=True)), channels)
        shapes = (few, many) if kind == "SPACE_TO_BATCH_ND" else (many, few)
        source = data(m, shapes[0], any_type(m))
        operands = [source, m.integers(sizes), m.integers(edges)]
        return simple(m, kind, operands, data(m, shapes[1], any_type(m), source), BlockAttributes())

    return make


def to_depth(kind: str) -> Callable[[Maker], Graph]:
    def make(m: Maker) -> Graph:
        block = m.random.randint(1, 4)
        batch, height, width, channels = m.random.choice([1, 1, 2]), *(m.random.randint(1, 4) for _ in range(3))
        deep, large = (batch, height, width, channels * block**2), (batch, height * block, width * block, channels)
        shapes = (large, deep) if kind == "SPACE_TO_DEPTH" else (deep, large)
        source = data(m, shapes[0], any_type(m))
        return simple(m, kind, [source], data(m, shapes[1], any_type(m), source), DepthAttributes(block))

    return make


def reverse_v2(m: Maker) -> Graph:
    shape = any_shape(m)
    first = m.random.randrange(len(shape))
    axes = list(range(first, m.random.randint(first, len(shape) - 1) + 1))  # TensorFlow Lite Micro: neighbours only
    signed = [axis - m.random.choice([0, len(shape)]) for axis in axes]
    source = data(m, shape, any_type(m))
    operands = [source, m.integers(signed)]
    return simple(m, "REVERSE_V2", operands, data(m, shape, any_type(m), source), ElementwiseAttributes())


def mirror_pad(m: Maker) -> Graph:
    shape, repeats = any_shape(m, 4), m.random.random() < 0.5
    most = [size if repeats else size - 1 for size in shape]
    edges = [(m.random.randint(0, most_), m.random.randint(0, most_)) for most_ in most]
    result = tuple(size + sum(pair) for size, pair in zip(shape, edges, strict=True))
    source = data(m, shape, m.random.choice([DType.INT8, DType.INT8, DType.INT16, DType.FLOAT32]))
    operands = [source, m.integers(np.array(edges).reshape(-1, 2))]
    return simple(m, "MIRROR_PAD", operands, data(m, result, DType.INT8, source), MirrorPadAttributes(repeats))


def gather_nd(m: Maker) -> Graph:
    shape = any_shape(m, 4)
    depth = m.random.randint(1, len(shape))
    places = [m.random.randint(1, 4) for _ in range(m.random.randint(1, 2))]
    source = data(m, shape, m.random.choice([DType.INT8, DType.INT8, DType.FLOAT32]))
    chosen = [m.numbers.integers(0, size, places) for size in shape[:depth]]
    operands = [source, m.integers(np.stack(chosen, axis=-1))]
    result = data(m, (*places, *shape[depth:]), DType.INT8, source)
    return simple(m, "GATHER_ND", operands, result, ElementwiseAttributes())


def cast(m: Maker) -> Graph:
    shape, (source, target) = any_shape(m, 4), (any_type(m), any_type(m))
    if m.random.random() < 0.3:
        pair = [m.random.choice([DType.INT8, DType.INT16, DType.INT32]), DType.UINT32]
        m.random.shuffle(pair)
        ends = [m.add(Tensor(f"u{at}", shape, dtype)) for at, dtype in enumerate(pair)]
        return m.graph("CAST", ends[:1], ends[1], ElementwiseAttributes())
    return simple(m, "CAST", [data(m, shape, source)], data(m, shape, target), ElementwiseAttributes())


CASES: dict[str, Callable[[Maker], Graph]] = {
    "CAST": cast,
    "GATHER_ND": gather_nd,
    "BATCH_TO_SPACE_ND": to_batch("BATCH_TO_SPACE_ND"),
    "DEPTH_TO_SPACE": to_depth("DEPTH_TO_SPACE"),
    "MIRROR_PAD": mirror_pad,
    "REVERSE_V2": reverse_v2,
    "SPACE_TO_BATCH_ND": to_batch("SPACE_TO_BATCH_ND"),
    "SPACE_TO_DEPTH": to_depth("SPACE_TO_DEPTH"),
}
