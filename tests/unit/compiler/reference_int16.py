"""Operators of int16 activations, and those with a state, after TensorFlow Lite Micro's reference kernels.

Independent of the compiler, as reference.py is. Sources in tflite-micro: kernels/internal/common.{h,cc},
kernels/internal/reference/integer_ops/{conv, depthwise_conv, fully_connected, pooling, logistic, tanh, mul}.h,
micro/kernels/{svdf_common, lstm_eval, lstm_eval_common}.cc and micro/kernels/lstm_eval.h.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np

from mlforge.compiler.graph import DType, Node, Tensor
from tests.unit.compiler.known import quant, told
from tests.unit.compiler.reference import (
    Array,
    activation_bounds,
    c_round,
    clamp,
    grouped,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    wrap32,
)
from tests.unit.compiler.reference_arithmetic import ArithmeticReference

F = np.float32
INT16 = (-32768, 32767)


def multiply_int64(x: int, multiplier: int, shift: int) -> int:
    """MultiplyByQuantizedMultiplier for int64."""
    reduced = (multiplier + (1 << 15)) >> 16 if multiplier < 0x7FFF0000 else 0x7FFF
    total_shift = 15 - shift
    assert -(1 << 47) <= x < (1 << 47) and -31 <= shift < 8
    return int(wrap32(np.int64((x * reduced + (1 << (total_shift - 1))) >> total_shift)))


def multiply_narrow(x: int, multiplier: int, shift: int) -> int:
    """The same for int32, which takes the place of it where the sum fits."""
    if -(1 << 31) <= x < 1 << 31:
        return int(multiply_by_quantized_multiplier(np.array(x), multiplier, shift))
    reduced = (multiplier + (1 << 15)) >> 16 if multiplier < 0x7FFF0000 else 0x7FFF
    return (x * reduced + (1 << (14 - shift))) >> (15 - shift)


class Int16Reference(ArithmeticReference):
    """Each method is one operator; see Interpreter."""

    def is_int16(self, node: Node) -> bool:
        return self.tensor(node, 0).dtype is DType.INT16

    # Sums

    def conv_2d(self, node: Node) -> Array:
        if not self.is_int16(node):
            return super().conv_2d(node)
        weights, x = self.value(node, 1), self.value(node, 0)[0]
        out = np.zeros(self.output(node).shape[1:], np.int64)
        for oy, ox, taps in self.windows(node, weights.shape[1:3]):
            for ky, kx, y, xx in taps:
                out[oy, ox] += grouped(weights[:, ky, kx, :], x[y, xx])
        out = out + self.bias(node, weights.shape[0])
        return self.finish_narrow(node, out) if self.sums_have_32_bits(node) else self.finish_wide(node, out)

    def sums_have_32_bits(self, node: Node) -> bool:
        if len(node.inputs) > 2:
            return self.tensor(node, 2).dtype is DType.INT32
        return told(node).bias_type is DType.INT32

    def depthwise_conv_2d(self, node: Node) -> Array:
        if not self.is_int16(node):
            return super().depthwise_conv_2d(node)
        weights, x = self.value(node, 1)[0], self.value(node, 0)[0]
        out = np.zeros(self.output(node).shape[1:], np.int64)
        for oy, ox, taps in self.windows(node, weights.shape[:2]):
            for ky, kx, y, xx in taps:
                out[oy, ox] += weights[ky, kx] * np.repeat(x[y, xx], weights.shape[2] // x.shape[2])
        return self.finish_wide(node, out + self.bias(node, weights.shape[2]))

    def fully_connected(self, node: Node) -> Array:
        if not self.is_int16(node):
            return super().fully_connected(node)
        matrix = self.value(node, 1)
        sums = self.value(node, 0).reshape(-1, matrix.shape[1]) @ matrix.T + self.bias(node, matrix.shape[0])
        finish = self.finish_narrow if self.sums_have_32_bits(node) else self.finish_wide
        if quant(self.tensor(node, 1)).per_channel:
            return finish(node, sums)
        product = quant(self.tensor(node, 0)).scale * quant(self.tensor(node, 1)).scale
        return finish(node, sums, product / quant(self.output(node)).scale)

    def finish_channels(self, node: Node, sums: Array, filters: int) -> Array:
        """Of TRANSPOSE_CONV."""
        if self.output(node).dtype is not DType.INT16:
            return super().finish_channels(node, sums, filters)
        return self.finish_wide(node, sums, source=2)

    def finish_narrow(self, node: Node, sums: Array, factor: float | None = None) -> Array:
        """The reference's sums have 32 bits, and ours where they suffice."""
        return self.finish_by(node, sums, multiply_narrow, factor, 0)

    def finish_wide(self, node: Node, sums: Array, factor: float | None = None, source: int = 0) -> Array:
        return self.finish_by(node, sums, multiply_int64, factor, source)

    def finish_by(
        self, node: Node, sums: Array, multiply: Callable[[int, int, int], int], factor: float | None, source: int
    ) -> Array:
        scales = quant(self.tensor(node, 1)).scales
        result = np.empty_like(sums)
        for channel in range(sums.shape[-1]):
            scale = scales[channel] if len(scales) > 1 else scales[0]
            own = quant(self.tensor(node, source)).scale * scale / quant(self.output(node)).scale
            multiplier = quantize_multiplier(own if factor is None else factor)
            for place in np.ndindex(sums.shape[:-1]):
                result[(*place, channel)] = multiply(int(sums[(*place, channel)]), *multiplier)
        return clamp(result, activation_bounds(told(node).activation, self.output(node)))

    # With a state

    def state(self, node: Node, position: int) -> Array:
        """Written in place; what stands for zero before the first inference."""
        index = node.inputs[position]
        tensor = self.graph.tensors[index]
        if index not in self.values:
            self.values[index] = np.full(tensor.shape, quant(tensor).zero_point, np.int64)
        return self.values[index].reshape(-1)

    def svdf(self, node: Node) -> Array:
        feature, time = self.value(node, 1), self.value(node, 2)
        scales = [quant(self.tensor(node, position)).scale for position in (0, 1, 2, 4)]
        zero_point = quant(self.tensor(node, 4)).zero_point
        info = np.iinfo(self.tensor(node, 4).dtype.value)
        rank, memory = told(node).rank, time.shape[1]
        state = self.state(node, 4)
        state[:-1] = state[1:].copy()
        sums = feature @ (self.value(node, 0)[0] - quant(self.tensor(node, 0)).zero_point)
        inner = quantize_multiplier(scales[0] * scales[1] / scales[3])
        values = clamp(multiply_by_quantized_multiplier(wrap32(sums), *inner), (info.min, info.max))
        state[memory - 1 :: memory] = (values + zero_point).astype(info.dtype)
        weighed = (time * (state.reshape(-1, memory) - zero_point)).sum(axis=1)
        total = weighed.reshape(-1, rank).sum(axis=1) + (self.value(node, 3) if node.inputs[3] >= 0 else 0)
        output = quant(self.output(node))
        outer = quantize_multiplier(scales[3] * scales[2] / output.scale)
        return clamp(multiply_by_quantized_multiplier(wrap32(total), *outer) + output.zero_point, (-128, 127))

    def unidirectional_sequence_lstm(self, node: Node) -> Array:
        source, hidden_tensor, cell_tensor = (self.tensor(node, position) for position in (0, 18, 19))
        hidden, cell = self.state(node, 18), self.state(node, 19)
        cell_scale = quant(cell_tensor).scale
        power = c_round(math.log2(cell_scale))

        def gate(x: Array, input_weights: int, recurrent_weights: int, bias: int) -> Array:
            return clamp(
                self.gate_share(node, x, source, input_weights, self.value(node, bias))
                + self.gate_share(node, hidden, hidden_tensor, recurrent_weights, np.zeros(len(hidden), np.int64)),
                INT16,
            )

        def times(a: Array, b: Array, scale: float) -> Array:
            return multiply_by_quantized_multiplier(a * b, *quantize_multiplier(scale))

        rows = []
        for x in self.value(node, 0).reshape(-1, source.shape[-1]):
            forget = sigmoids(gate(x, 2, 6, 13))
            admit = sigmoids(gate(x, 1, 5, 12))
            new = tanhs(gate(x, 3, 7, 14), 0)
            kept = clamp(times(forget, cell, 2.0**-15 * cell_scale / cell_scale), INT16)
            added = clamp(times(admit, new, 2.0**-30 / cell_scale), INT16)
            cell[:] = clamp(kept + added, INT16)
            if told(node).cell_clip > 0:
                limit = int(min(max(told(node).cell_clip / cell_scale, -32768.0), 32767.0))
                cell[:] = clamp(cell, (-limit, limit))
            output = sigmoids(gate(x, 4, 8, 15))
            scaled = times(tanhs(cell, 12 + power), output, 2.0**-30 / quant(hidden_tensor).scale)
            info = np.iinfo(hidden_tensor.dtype.value)
            hidden[:] = clamp(scaled + quant(hidden_tensor).zero_point, (info.min, info.max))
            rows.append(hidden.copy())
        return np.array(rows)

    def gate_share(self, node: Node, x: Array, tensor: Tensor, weights: int, bias: Array) -> Array:
        product = quant(tensor).scale * quant(self.tensor(node, weights)).scale
        sums = self.value(node, weights) @ (x - quant(tensor).zero_point) + bias
        if self.is_int16(node):
            wide = quantize_multiplier(product / 2.0**-12)
            return clamp(np.array([multiply_int64(int(one), *wide) for one in sums]), INT16)
        return clamp(multiply_by_quantized_multiplier(wrap32(sums), *quantize_multiplier(product / 2.0**-12)), INT16)


def sigmoids(x: Array) -> Array:
    return np.array([sigmoid_int16(int(value), 0, 0) for value in x])


def tanhs(x: Array, left: int) -> Array:
    multiplier, shift = (0, left) if left >= 0 else (3, -left)
    return np.array([tanh_int16(int(value), multiplier, shift) for value in x])


@cache
def sigmoid_table() -> tuple[int, ...]:
    """sigmoid(i / 24) in 0.16, moved by half of what a straight line to the next is too low in the middle."""

    def exact(i: float) -> float:
        return 65536 / (1 + math.exp(-i / 24))

    moved = [exact(i) + (exact(i + 0.5) - (exact(i) + exact(i + 1)) / 2) / 2 for i in range(255)]
    return (*(c_round(value) for value in moved), 65535)


def table_input(x: int, multiplier: int, shift: int) -> int:
    if multiplier == 0:
        multiplier, shift = 3 << shift, 0
    return (x * multiplier + ((1 << (shift - 1)) if shift > 0 else 0)) >> shift


def sigmoid_int16(x: int, multiplier: int, shift: int) -> int:
    scaled = table_input(x, multiplier, shift)
    high, low = abs(scaled) >> 9, abs(scaled) & 0x1FF
    if high >= 255:
        result = 0x7FFF << 10
    else:
        a, b = sigmoid_table()[high], sigmoid_table()[high + 1]
        result = (a << 9) + low * (b - a)
    result = result + (1 << 9) if scaled >= 0 else (1 << 25) - result + (1 << 9) - 1
    return result >> 10


def tanh_int16(x: int, multiplier: int, shift: int) -> int:
    scaled = table_input(x, multiplier, shift)
    high, low = abs(scaled) >> 8, abs(scaled) & 0xFF
    if high >= 255:
        result = 0xFFFF << 8
    else:
        a, b = sigmoid_table()[high], sigmoid_table()[high + 1]
        result = (a << 8) + low * (b - a)
    result = result - (1 << 23) + (1 << 7) if scaled >= 0 else -result + (1 << 23) + (1 << 7) - 1
    return result >> 8
