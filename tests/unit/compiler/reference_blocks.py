"""Operators that arrange values anew, by NumPy's reshape, transpose, pad and flip."""

from __future__ import annotations

import numpy as np

from mlforge.compiler.graph import DType, Node
from tests.unit.compiler.known import quant, told
from tests.unit.compiler.reference import Array, Interpreter


class BlocksReference(Interpreter):
    def space_to_batch_nd(self, node: Node) -> Array:
        x, sizes = self.value(node, 0), [int(size) for size in self.value(node, 1)]
        edges = [(0, 0), *map(tuple, self.value(node, 2)), *[(0, 0)] * (x.ndim - 1 - len(sizes))]
        tensor = self.output(node)
        zero = quant(tensor).zero_point if tensor.quantization and tensor.dtype is DType.INT8 else 0
        x = np.pad(x, edges, constant_values=zero)
        split = [x.shape[0]]
        for size, block in zip(x.shape[1:], sizes, strict=False):
            split += [size // block, block]
        count = len(sizes)
        order = [2 * i + 2 for i in range(count)] + [0] + [2 * i + 1 for i in range(count)]
        return x.reshape(*split, -1).transpose(*order, 2 * count + 1).reshape(tensor.shape)

    def batch_to_space_nd(self, node: Node) -> Array:
        x, sizes = self.value(node, 0), [int(size) for size in self.value(node, 1)]
        count = len(sizes)
        rest = x.shape[1 + count :]
        x = x.reshape(*sizes, x.shape[0] // int(np.prod(sizes)), *x.shape[1 : 1 + count], -1)
        order = [count, *(axis for i in range(count) for axis in (count + 1 + i, i)), 2 * count + 1]
        spatial = [x.shape[count + 1 + i] * sizes[i] for i in range(count)]
        x = x.transpose(order).reshape(x.shape[count], *spatial, *rest)
        for axis, (before, after) in enumerate(self.value(node, 2), start=1):
            x = np.take(x, range(int(before), x.shape[axis] - int(after)), axis)
        return x

    def space_to_depth(self, node: Node) -> Array:
        x, block = self.value(node, 0), told(node).block
        n, h, w, c = x.shape
        x = x.reshape(n, h // block, block, w // block, block, c)
        return x.transpose(0, 1, 3, 2, 4, 5).reshape(n, h // block, w // block, block * block * c)

    def depth_to_space(self, node: Node) -> Array:
        x, block = self.value(node, 0), told(node).block
        n, h, w, c = x.shape
        x = x.reshape(n, h, w, block, block, c // block**2)
        return x.transpose(0, 1, 3, 2, 4, 5).reshape(n, h * block, w * block, c // block**2)

    def reverse_v2(self, node: Node) -> Array:
        return np.flip(self.value(node, 0), tuple(int(axis) for axis in self.value(node, 1)))

    def mirror_pad(self, node: Node) -> Array:
        edges = [tuple(int(v) for v in pair) for pair in self.value(node, 1)]
        return np.pad(self.value(node, 0), edges, mode="symmetric" if told(node).repeats_edge else "reflect")

    def gather_nd(self, node: Node) -> Array:
        indices = self.value(node, 1).astype(np.int64)
        return np.asarray(self.value(node, 0)[tuple(np.moveaxis(indices, -1, 0))])

    def cast(self, node: Node) -> Array:
        """Floats out of range are the engine's own: the reference's are undefined."""
        x, to = self.value(node, 0), np.dtype(self.output(node).dtype.value)
        if to == np.float32:
            return x.astype(np.int64).astype(np.float32) if x.dtype != np.float32 else x
        if x.dtype == np.float32:
            info = np.iinfo(np.int32)
            x = np.trunc(np.nan_to_num(x.astype(np.float64), nan=0.0)).clip(info.min, info.max)
        return x.astype(np.int64).astype(to).astype(np.int64)
