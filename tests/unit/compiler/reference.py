"""An int8 interpreter after TensorFlow Lite Micro's reference kernels, written for clarity and independence.

It shares no arithmetic with the compiler: every rounding stands here as the reference has it, step by step. Sources in
tflite-micro: kernels/internal/common.cc and common.h, kernels/internal/reference/integer_ops/*.h,
kernels/internal/reference/{reduce,softmax,pad,requantize}.h, micro/kernels/*_common.cc; and gemmlowp's
fixedpoint/fixedpoint.h.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.graph import ABSENT, Graph, Node, Tensor
from tests.unit.compiler.known import quant, told

Array = NDArray[np.int64]
Whole = Array | np.int64  # one number, too

INT32_MAX = 2**31 - 1
INT32_MIN = -(2**31)


def saturating_rounding_doubling_high_mul(a: Whole, b: Whole) -> Array:
    product = a * b
    nudge = np.where(product >= 0, 1 << 30, 1 - (1 << 30))
    total = product + nudge
    quotient = np.sign(total) * (np.abs(total) // (1 << 31))  # C divides towards zero
    return np.where((a == b) & (a == INT32_MIN), INT32_MAX, quotient)


def rounding_divide_by_pot(x: Whole, exponent: int) -> Array:
    mask = (1 << exponent) - 1
    remainder = x & mask
    threshold = (mask >> 1) + (x < 0)
    return np.asarray((x >> exponent) + (remainder > threshold))


def wrap32(x: Whole) -> Array:
    return np.asarray((x + 2**31) % 2**32 - 2**31)


def quantize_multiplier(factor: float) -> tuple[int, int]:
    if factor == 0:
        return 0, 0
    q, shift = math.frexp(factor)
    q_fixed = math.floor(q * 2**31 + 0.5)
    if q_fixed == 2**31:
        q_fixed //= 2
        shift += 1
    if shift < -31:
        return 0, 0
    return q_fixed, shift


def multiply_by_quantized_multiplier(x: Whole, multiplier: int, shift: int) -> Array:
    left, right = (shift, 0) if shift > 0 else (0, -shift)
    shifted = wrap32(x * (1 << left))
    return rounding_divide_by_pot(saturating_rounding_doubling_high_mul(shifted, np.int64(multiplier)), right)


def c_round(value: float) -> int:
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def activation_bounds(activation: str, tensor: Tensor) -> tuple[int, int]:
    scale, zero_point = np.float32(quant(tensor).scale), quant(tensor).zero_point

    def q(value: float) -> int:
        return zero_point + c_round(float(np.float32(value) / scale))

    low, high = np.iinfo(tensor.dtype.value).min, np.iinfo(tensor.dtype.value).max
    if activation in ("RELU", "RELU6"):
        low = max(low, q(0.0))
    if activation == "RELU6":
        high = min(high, q(6.0))
    if activation == "RELU_N1_TO_1":
        low, high = max(low, q(-1.0)), min(high, q(1.0))
    return low, high


def clamp(x: Array, bounds: tuple[int, int]) -> Array:
    return np.minimum(np.maximum(x, bounds[0]), bounds[1])


# The input that has the pictures.
OF_PICTURES = {
    "CONV_2D": 0,
    "DEPTHWISE_CONV_2D": 0,
    "AVERAGE_POOL_2D": 0,
    "MAX_POOL_2D": 0,
    "RESIZE_BILINEAR": 0,
    "RESIZE_NEAREST_NEIGHBOR": 0,
    "TRANSPOSE_CONV": 2,
}


def grouped(weights: Array, x: Array) -> Array:
    """The products of one tap: weights [outputs, inputs of a group], x [inputs]."""
    groups = x.size // weights.shape[1]
    products: Array = np.einsum(
        "goi,gi->go", weights.reshape(groups, -1, weights.shape[1]), x.reshape(groups, -1)
    ).reshape(-1)
    return products


class Interpreter:
    """Runs a graph on one set of inputs."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.values: dict[int, Array] = {
            index: np.asarray(tensor.data).astype(np.int64)
            for index, tensor in enumerate(graph.tensors)
            if tensor.data is not None
        }

    def run(self, inputs: Sequence[NDArray[np.generic]]) -> list[NDArray[np.generic]]:
        for index, value in zip(self.graph.inputs, inputs, strict=True):
            self.values[index] = value.astype(np.int64).reshape(self.graph.tensors[index].shape)
        for node in self.graph.nodes:
            result = self.result_of(node)
            if not node.outputs:
                continue
            self.values[node.outputs[0]] = result.reshape(self.graph.tensors[node.outputs[0]].shape)
        return [self.values[index].astype(self.graph.tensors[index].dtype.value) for index in self.graph.outputs]

    def result_of(self, node: Node) -> Any:
        """What the operator's method returns; those of pictures see one at a time."""
        run = getattr(self, node.kind.lower())
        if node.kind not in OF_PICTURES:
            return run(node)
        index = node.inputs[OF_PICTURES[node.kind]]
        batch, results = self.values[index], []
        for picture in batch:
            self.values[index] = picture[None]
            results.append(run(node))
        self.values[index] = batch
        return np.stack(results)

    def tensor(self, node: Node, position: int) -> Tensor:
        return self.graph.tensors[node.inputs[position]]

    def value(self, node: Node, position: int) -> Array:
        return self.values[node.inputs[position]]

    def output(self, node: Node) -> Tensor:
        return self.graph.tensors[node.outputs[0]]

    def bias(self, node: Node, channels: int) -> Array:
        if len(node.inputs) > 2 and node.inputs[2] != ABSENT:
            return self.value(node, 2)
        return np.zeros(channels, np.int64)

    # Convolutions and pools

    def windows(self, node: Node, kernel: tuple[int, int]) -> Any:
        """For each output pixel: its position and the (ky, kx, y, x) that lie inside the input."""
        a = told(node)
        _, height, width, _ = self.tensor(node, 0).shape
        _, out_height, out_width, _ = self.output(node).shape
        pads = []
        for size, out, k, s, d in zip(
            (height, width), (out_height, out_width), kernel, a.stride, a.dilation, strict=True
        ):
            total = max((out - 1) * s + (k - 1) * d + 1 - size, 0) if a.padding == "SAME" else 0
            pads.append(total // 2)
        for oy in range(out_height):
            for ox in range(out_width):
                taps = []
                for ky in range(kernel[0]):
                    for kx in range(kernel[1]):
                        y = oy * a.stride[0] - pads[0] + ky * a.dilation[0]
                        x = ox * a.stride[1] - pads[1] + kx * a.dilation[1]
                        if 0 <= y < height and 0 <= x < width:
                            taps.append((ky, kx, y, x))
                yield oy, ox, taps

    def finish(self, node: Node, accumulators: Array) -> Array:
        """Per-channel requantisation over the last axis."""
        source, weights, output = self.tensor(node, 0), self.tensor(node, 1), self.output(node)
        result = np.empty_like(accumulators)
        for channel in range(accumulators.shape[-1]):
            scales = quant(weights).scales
            scale = scales[channel] if len(scales) > 1 else scales[0]
            factor = quant(source).scale * scale / quant(output).scale
            result[..., channel] = multiply_by_quantized_multiplier(
                wrap32(accumulators[..., channel]), *quantize_multiplier(factor)
            )
        result = result + quant(output).zero_point
        return clamp(result, activation_bounds(told(node).activation, output))

    def conv_2d(self, node: Node) -> Array:
        x = self.value(node, 0)[0] - quant(self.tensor(node, 0)).zero_point
        weights = self.value(node, 1)
        out = np.zeros(self.output(node).shape[1:], np.int64)
        for oy, ox, taps in self.windows(node, weights.shape[1:3]):
            for ky, kx, y, xx in taps:
                out[oy, ox] += grouped(weights[:, ky, kx, :], x[y, xx])
        return self.finish(node, out + self.bias(node, weights.shape[0]))

    def depthwise_conv_2d(self, node: Node) -> Array:
        x = self.value(node, 0)[0] - quant(self.tensor(node, 0)).zero_point
        weights = self.value(node, 1)[0]
        multiplier = weights.shape[2] // x.shape[2]
        out = np.zeros(self.output(node).shape[1:], np.int64)
        for oy, ox, taps in self.windows(node, weights.shape[:2]):
            for ky, kx, y, xx in taps:
                out[oy, ox] += weights[ky, kx] * np.repeat(x[y, xx], multiplier)
        return self.finish(node, out + self.bias(node, weights.shape[2]))

    def fully_connected(self, node: Node) -> Array:
        source, weights, output = self.tensor(node, 0), self.tensor(node, 1), self.output(node)
        matrix = self.value(node, 1)
        x = self.value(node, 0).reshape(-1, matrix.shape[1]) - quant(source).zero_point
        sums = x @ matrix.T + self.bias(node, matrix.shape[0])
        if quant(weights).per_channel:
            return self.finish(node, sums)
        product = quant(source).scale * quant(weights).scale
        multiplier = quantize_multiplier(product / quant(output).scale)
        result = multiply_by_quantized_multiplier(wrap32(sums), *multiplier) + quant(output).zero_point
        return clamp(result, activation_bounds(told(node).activation, output))

    def average_pool_2d(self, node: Node) -> Array:
        x = self.value(node, 0)[0]
        out = np.zeros(self.output(node).shape[1:], np.int64)
        for oy, ox, taps in self.windows(node, told(node).size):
            total, count = sum(x[y, xx] for _, _, y, xx in taps), len(taps)
            up, down = (total + count // 2) // count, -((count // 2 - total) // count)
            out[oy, ox] = np.where(total > 0, up, down)
        return clamp(out, activation_bounds(told(node).activation, self.output(node)))

    def max_pool_2d(self, node: Node) -> Array:
        x = self.value(node, 0)[0]
        out = np.zeros(self.output(node).shape[1:], np.int64)
        for oy, ox, taps in self.windows(node, told(node).size):
            out[oy, ox] = np.max([x[y, xx] for _, _, y, xx in taps], axis=0)
        return clamp(out, activation_bounds(told(node).activation, self.output(node)))

    def mean(self, node: Node) -> Array:
        source, output = self.tensor(node, 0), self.output(node)
        axes = tuple(sorted({int(axis) % len(source.shape) for axis in self.value(node, 1).reshape(-1)}))
        sums = self.value(node, 0).sum(axis=axes)
        count = math.prod(source.shape[axis] for axis in axes)
        multiplier, exponent = quantize_multiplier(quant(source).scale / quant(output).scale)
        shift = min(63 - (64 - count.bit_length()), 32, 31 + exponent)
        multiplier = (multiplier << shift) // count
        centred = sums - quant(source).zero_point * count
        result = multiply_by_quantized_multiplier(centred, multiplier, exponent - shift)
        return clamp(result + quant(output).zero_point, (-128, 127))

    # Element by element

    def add(self, node: Node) -> Array:
        first, second, output = self.tensor(node, 0), self.tensor(node, 1), self.output(node)
        twice_max = 2 * max(quant(first).scale, quant(second).scale)
        total: Any = 0
        for position, tensor in enumerate((first, second)):
            shifted = (self.value(node, position) - quant(tensor).zero_point) * (1 << 20)
            multiplier = quantize_multiplier(quant(tensor).scale / twice_max)
            total = total + multiply_by_quantized_multiplier(shifted, *multiplier)
        multiplier = quantize_multiplier(twice_max / ((1 << 20) * quant(output).scale))
        result = multiply_by_quantized_multiplier(total, *multiplier) + quant(output).zero_point
        return clamp(result, activation_bounds(told(node).activation, output))

    def relu(self, node: Node) -> Array:
        source, output = self.tensor(node, 0), self.output(node)
        factor = quant(source).scale / quant(output).scale
        centred = self.value(node, 0) - quant(source).zero_point
        result = quant(output).zero_point + multiply_by_quantized_multiplier(centred, *quantize_multiplier(factor))
        return clamp(result, activation_bounds("RELU", output))

    def relu6(self, node: Node) -> Array:
        quantization = quant(self.tensor(node, 0))
        six = c_round(float(np.float32(6.0) / np.float32(quantization.scale))) + quantization.zero_point
        x, six = self.value(node, 0), min(six, np.iinfo(self.tensor(node, 0).dtype.value).max)
        return np.where(x > six, six, np.where(x < quantization.zero_point, quantization.zero_point, x))

    def quantize(self, node: Node) -> Array:
        source, output = quant(self.tensor(node, 0)), quant(self.output(node))
        centred = self.value(node, 0) - source.zero_point
        result = multiply_by_quantized_multiplier(centred, *quantize_multiplier(source.scale / output.scale))
        return clamp(result + output.zero_point, (-128, 127))

    def logistic(self, node: Node) -> Array:
        return self.sigmoid_like(node, logistic, 31 - 8, -128)

    def tanh(self, node: Node) -> Array:
        return self.sigmoid_like(node, tanh, 31 - 7, 0)

    def sigmoid_like(self, node: Node, function: Any, shift: int, zero_point: int) -> Array:
        quantization = quant(self.tensor(node, 0))
        q, left = math.frexp(quantization.scale * 2**27)
        multiplier = math.floor(q * 2**31 + 0.5)
        radius = math.floor(15 * 2**27 / 2**left)
        x = self.value(node, 0)
        out = np.zeros_like(x)
        for position in np.ndindex(x.shape):
            centred = int(x[position]) - quantization.zero_point
            if abs(centred) >= radius:
                out[position] = -128 if centred < 0 or centred <= -radius else 127
                continue
            scaled = int(multiply_by_quantized_multiplier(np.int64(centred), multiplier, left))
            result = int(rounding_divide_by_pot(np.int64(function(scaled)), shift)) + zero_point
            out[position] = min(max(result, -128), 127)
        return out

    def softmax(self, node: Node) -> Array:
        scale = told(node).beta * quant(self.tensor(node, 0)).scale * 2**26
        multiplier, left = quantize_multiplier(min(scale, 2.0**31 - 1))
        minimum = -math.floor(31 * 2**26 / 2**left)
        x = self.value(node, 0)
        rows = x.reshape(-1, x.shape[-1])
        return np.array([softmax_row(row.tolist(), multiplier, left, minimum) for row in rows])

    # Memory

    def reshape(self, node: Node) -> Array:
        return self.value(node, 0)

    def pad(self, node: Node) -> Array:
        zero_point = quant(self.output(node)).zero_point
        return np.pad(self.value(node, 0), self.value(node, 1).tolist(), constant_values=zero_point)


# gemmlowp's fixed-point functions, on Python integers


def mul(a: int, b: int) -> int:
    return int(saturating_rounding_doubling_high_mul(np.int64(a), np.int64(b)))


def divide(x: int, exponent: int) -> int:
    return int(rounding_divide_by_pot(np.int64(x), exponent))


def saturating_left(x: int, shift: int) -> int:
    return min(max(x << shift, INT32_MIN), INT32_MAX)


def exp_on_negative_values(a: int, integer_bits: int) -> int:
    if a == 0:
        return INT32_MAX
    fraction_bits = 31 - integer_bits
    one_quarter = 1 << (fraction_bits - 2)
    mask = one_quarter - 1
    a_mod = (a & mask) - one_quarter
    x = saturating_left(a_mod, integer_bits) + (1 << 28)
    x2 = mul(x, x)
    x3, x4 = mul(x2, x), mul(x2, x2)
    sum_of_powers = divide(mul(divide(x4, 2) + x3, 715827883) + x2, 1)
    result = 1895147668 + mul(1895147668, x + sum_of_powers)
    remainder = a_mod - a
    for exponent, constant in (
        (-2, 1672461947),
        (-1, 1302514674),
        (0, 790015084),
        (1, 290630308),
        (2, 39332535),
        (3, 720401),
        (4, 242),
    ):
        if integer_bits > exponent and remainder & (1 << (fraction_bits + exponent)):
            result = mul(result, constant)
    return result


def newton_raphson(a: int) -> int:
    total = a + INT32_MAX
    half_denominator = (total + 1) // 2
    x = 1515870810 + mul(half_denominator, -1010580540)
    for _ in range(3):
        one_minus = (1 << 29) - mul(half_denominator, x)
        x += saturating_left(mul(x, one_minus), 2)
    return x


def logistic(a: int) -> int:
    if a == 0:
        return 1 << 30
    positive = saturating_left(newton_raphson(exp_on_negative_values(-abs(a), 4)), 1)
    return positive if a > 0 else INT32_MAX - positive


def tanh(a: int) -> int:
    if a == 0:
        return 0
    t = saturating_left(newton_raphson(exp_on_negative_values(-abs(a), 5)) - (1 << 29), 2)
    return -t if a < 0 else t


def softmax_row(row: list[int], multiplier: int, left: int, minimum: int, bits: int = 8) -> list[int]:
    largest = max(row)

    def exponential(value: int) -> int | None:
        if value - largest < minimum:
            return None
        return exp_on_negative_values(mul((value - largest) << left, multiplier), 5)

    exponentials = [exponential(value) for value in row]
    total = sum(divide(e, 12) for e in exponentials if e is not None)
    headroom = 32 - total.bit_length()
    shifted_scale = saturating_left(newton_raphson((total << headroom) - (1 << 31)), 1)
    exponent = 12 - headroom + 31 - bits
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    return [low if e is None else min(divide(mul(shifted_scale, e), exponent) + low, high) for e in exponentials]
