"""Operators that move values, resize pictures and convert types, after TensorFlow Lite Micro's reference kernels.

Independent of the compiler, as reference.py is. Sources in tflite-micro: micro/kernels/{concatenation, pack, unpack,
split, split_v, slice, strided_slice, gather, transpose, pad, fill, broadcast_to, quantize_common, dequantize}.cc and
kernels/internal/reference/{resize_nearest_neighbor, resize_bilinear, quantize, dequantize, requantize}.h.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.graph import Graph, Node
from tests.unit.compiler.known import quant, told
from tests.unit.compiler.reference import (
    INT32_MAX,
    INT32_MIN,
    Array,
    Interpreter,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    wrap32,
)

F = np.float32


class MovementReference(Interpreter):
    """Each method is one operator. Floats stay floats, and a node may have several outputs."""

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        for index, tensor in enumerate(graph.tensors):
            if tensor.data is not None and tensor.dtype == "float32":
                self.values[index] = np.asarray(tensor.data)

    def run(self, inputs: Sequence[NDArray[np.generic]]) -> list[NDArray[np.generic]]:
        for index, value in zip(self.graph.inputs, inputs, strict=True):
            wide = value if value.dtype == np.float32 else value.astype(np.int64)
            self.values[index] = wide.reshape(self.graph.tensors[index].shape)  # type: ignore[assignment]
        for node in self.graph.nodes:
            result = self.result_of(node)
            several = result if isinstance(result, list) else [result]
            for index, one in zip(node.outputs, several, strict=True):
                self.values[index] = one.reshape(self.graph.tensors[index].shape)
        return [self.values[index].astype(self.graph.tensors[index].dtype.value) for index in self.graph.outputs]

    # Pieces

    def squeeze(self, node: Node) -> Array:
        return self.value(node, 0)

    def expand_dims(self, node: Node) -> Array:
        return self.value(node, 0)

    def concatenation(self, node: Node) -> Array:
        return np.concatenate([self.values[index] for index in node.inputs], axis=told(node).axis)

    def pack(self, node: Node) -> Array:
        return np.stack([self.values[index] for index in node.inputs], axis=told(node).axis)

    def unpack(self, node: Node) -> list[Array]:
        return list(np.moveaxis(self.value(node, 0), told(node).axis, 0))

    def split(self, node: Node) -> list[Array]:
        return self.pieces(node, self.value(node, 1), int(self.value(node, 0).reshape(-1)[0]))

    def split_v(self, node: Node) -> list[Array]:
        return self.pieces(node, self.value(node, 0), int(self.value(node, 2).reshape(-1)[0]))

    def pieces(self, node: Node, whole: Array, axis: int) -> list[Array]:
        ends = np.cumsum([self.graph.tensors[index].shape[axis] for index in node.outputs])
        return np.split(whole, ends[:-1], axis=axis)

    def slice(self, node: Node) -> Array:
        x, begin, size = (self.value(node, position) for position in range(3))
        ranges = [slice(b, None if s == -1 else b + s) for b, s in zip(begin.tolist(), size.tolist(), strict=True)]
        return x[tuple(ranges)]

    def strided_slice(self, node: Node) -> Array:
        x, a = self.value(node, 0), told(node)
        keys: list[slice | int] = []
        for axis in range(x.ndim):
            begin, end, stride = (int(self.value(node, position)[axis]) for position in (1, 2, 3))
            if a.shrink_axis_mask >> axis & 1:
                keys.append(0 if a.begin_mask >> axis & 1 else begin)
                continue
            first = None if a.begin_mask >> axis & 1 else begin
            keys.append(slice(first, None if a.end_mask >> axis & 1 else end, stride))
        return x[tuple(keys)]

    def gather(self, node: Node) -> Array:
        x, indices = self.value(node, 0), self.value(node, 1)
        axis, batches = told(node).axis, told(node).batch_dims
        axis, batches = axis % x.ndim, batches + indices.ndim if batches < 0 else batches
        inside = np.clip(indices, 0, x.shape[axis] - 1)  # the engine's own; the reference does not look
        if batches == 0:
            return np.take(x, inside, axis=axis)
        flat_x = x.reshape(-1, *x.shape[batches:])
        flat_indices = inside.reshape(-1, *inside.shape[batches:])
        return np.stack([np.take(a, b, axis=axis - batches) for a, b in zip(flat_x, flat_indices, strict=True)])

    def transpose(self, node: Node) -> Array:
        return np.transpose(self.value(node, 0), self.value(node, 1).tolist())

    # Values

    def pad(self, node: Node) -> Array:
        value = quant(self.output(node)).zero_point if self.output(node).dtype == "int8" else 0
        return np.pad(self.value(node, 0), self.value(node, 1).tolist(), constant_values=value)

    def padv2(self, node: Node) -> Array:
        value = self.value(node, 2).reshape(-1)[0]
        return np.pad(self.value(node, 0), self.value(node, 1).tolist(), constant_values=value)

    def broadcast_to(self, node: Node) -> Array:
        return np.broadcast_to(self.value(node, 0), self.value(node, 1).tolist())

    def fill(self, node: Node) -> Array:
        return np.full(self.value(node, 0).tolist(), self.value(node, 1).reshape(-1)[0])

    def shape(self, node: Node) -> Array:
        return np.array(self.tensor(node, 0).shape)

    # Pictures

    def resize_nearest_neighbor(self, node: Node) -> Array:
        x, shape = self.value(node, 0), self.output(node).shape
        ys = [self.nearest(node, i, x.shape[1], shape[1]) for i in range(shape[1])]
        xs = [self.nearest(node, i, x.shape[2], shape[2]) for i in range(shape[2])]
        return x[:, ys][:, :, xs]

    def nearest(self, node: Node, value: int, size: int, count: int) -> int:
        corners, half = told(node).align_corners, told(node).half_pixel_centers
        scale = F(size - 1) / F(count - 1) if corners and count > 1 else F(size) / F(count)
        place = F(F(value) + F(0.5 if half else 0)) * scale
        assert place.dtype == np.float32
        # std::round of a float: no sum in between that could round
        whole, rest = math.floor(place), float(place) - math.floor(place)
        if corners and rest >= 0.5:
            whole += 1
        return max(0, min(whole, size - 1))

    def resize_bilinear(self, node: Node) -> Array:
        x, shape = self.value(node, 0)[0], self.output(node).shape
        out = np.zeros(shape[1:], np.int64)
        for oy in range(shape[1]):
            y, y0, y1 = self.interpolation(node, oy, x.shape[0], shape[1])
            for ox in range(shape[2]):
                xx, x0, x1 = self.interpolation(node, ox, x.shape[1], shape[2])
                total = (
                    x[y0, x0] * (1024 - (y - 1024 * y0)) * (1024 - (xx - 1024 * x0))
                    + x[y1, x0] * (y - 1024 * y0) * (1024 - (xx - 1024 * x0))
                    + x[y0, x1] * (1024 - (y - 1024 * y0)) * (xx - 1024 * x0)
                    + x[y1, x1] * (y - 1024 * y0) * (xx - 1024 * x0)
                )
                rounded = total + np.where(total > 0, 1 << 19, -(1 << 19))
                out[oy, ox] = np.sign(rounded) * (np.abs(rounded) // (1 << 20))
        return out

    def interpolation(self, node: Node, value: int, size: int, count: int) -> tuple[int, int, int]:
        scale = (1024 * size + count // 2) // count
        if told(node).align_corners and count > 1:
            scale = (1024 * (size - 1) + (count - 1) // 2) // (count - 1)
        place = value * scale
        if told(node).half_pixel_centers:
            place += scale // 2 - 512
        return place, max(int(place / 1024), 0), min(int((place + 1023) / 1024), size - 1)

    # Types

    def quantize(self, node: Node) -> Array:
        source, output = self.tensor(node, 0), self.output(node)
        limits = np.iinfo(output.dtype.value)
        zero_point = quant(output).zero_point
        if source.dtype == "float32":
            with np.errstate(all="ignore"):
                scaled = (np.asarray(self.value(node, 0), F) / F(quant(output).scale)).astype(np.float64)
            scaled = np.clip(
                np.nan_to_num(scaled, nan=0.0), -1e9, 1e9
            )  # the engine's own: the reference's is undefined
            result = (np.sign(scaled) * np.floor(np.abs(scaled) + 0.5)).astype(np.int64) + zero_point
        else:
            centred = wrap32(self.value(node, 0) - quant(source).zero_point)
            factor = quantize_multiplier(quant(source).scale / quant(output).scale)
            result = wrap32(multiply_by_quantized_multiplier(centred, *factor) + zero_point)
        return np.clip(result, max(limits.min, INT32_MIN), min(limits.max, INT32_MAX))

    def dequantize(self, node: Node) -> NDArray[np.float32]:
        quantization = quant(self.tensor(node, 0))
        wide = np.float64(F(quantization.scale)) * (self.value(node, 0) - quantization.zero_point)
        return wide.astype(F)
