"""The element-wise operators, reductions and TRANSPOSE_CONV after TensorFlow Lite Micro's reference kernels.

Independent of the compiler, as reference.py is. Sources in tflite-micro: micro/kernels/{sub_common, mul_common, div,
squared_difference, prelu_common, elementwise, elu, leaky_relu_common, hard_swish_common, reduce_common, arg_min_max,
transpose_conv}.cc and kernels/internal/reference/{sub, mul, div, prelu, leaky_relu, hard_swish, reduce, arg_min_max}.h,
integer_ops/{add, mul, transpose_conv}.h.
"""

from __future__ import annotations

import itertools
import math
from functools import cache
from typing import Any

import numpy as np

from mlforge.compiler.graph import Node
from tests.unit.compiler.known import quant, told
from tests.unit.compiler.reference import (
    INT32_MAX,
    Array,
    Interpreter,
    activation_bounds,
    c_round,
    clamp,
    divide,
    mul,
    multiply_by_quantized_multiplier,
    newton_raphson,
    quantize_multiplier,
    saturating_left,
    softmax_row,
    wrap32,
)

F = np.float32


class ArithmeticReference(Interpreter):
    """Each method is one operator; see Interpreter."""

    # Two inputs

    def centred(self, node: Node) -> list[Array]:
        inputs = [self.value(node, p) - quant(self.tensor(node, p)).zero_point for p in (0, 1)]
        return list(np.broadcast_arrays(*inputs))

    def finish_pair(self, node: Node, result: Array) -> Array:
        output = self.output(node)
        bounds = activation_bounds(getattr(told(node), "activation", "NONE"), output)
        return clamp(result + quant(output).zero_point, bounds)

    def headroom(self, node: Node, narrow: int, wide: int) -> int:
        """2^bits that stand in front of inputs before they are scaled."""
        return int(2 ** (narrow if self.output(node).dtype == "int8" else wide))

    def scales(self, node: Node) -> tuple[float, float, float]:
        first, second = (quant(self.tensor(node, p)).scale for p in (0, 1))
        return first, second, quant(self.output(node)).scale

    def add(self, node: Node) -> Array:
        a, b = self.centred(node)
        s1, s2, s3 = self.scales(node)
        twice_max = 2 * max(s1, s2)
        unit = self.headroom(node, 20, 15)
        x = multiply_by_quantized_multiplier(a * unit, *quantize_multiplier(s1 / twice_max))
        y = multiply_by_quantized_multiplier(b * unit, *quantize_multiplier(s2 / twice_max))
        factor = twice_max / (unit * s3)
        return self.finish_pair(node, multiply_by_quantized_multiplier(x + y, *quantize_multiplier(factor)))

    def sub(self, node: Node) -> Array:
        a, b = self.centred(node)
        s1, s2, s3 = self.scales(node)
        twice_max = 2 * max(s1, s2)
        unit = self.headroom(node, 20, 15)
        x = multiply_by_quantized_multiplier(a * unit, *quantize_multiplier(s1 / twice_max))
        y = multiply_by_quantized_multiplier(b * unit, *quantize_multiplier(s2 / twice_max))
        factor = twice_max / (unit * s3)
        return self.finish_pair(node, multiply_by_quantized_multiplier(x - y, *quantize_multiplier(factor)))

    def squared_difference(self, node: Node) -> Array:
        a, b = self.centred(node)
        s1, s2, s3 = self.scales(node)
        twice_max = 2 * max(s1, s2)
        unit = self.headroom(node, 7, 0)
        x = multiply_by_quantized_multiplier(a * unit, *quantize_multiplier(s1 / twice_max))
        y = multiply_by_quantized_multiplier(b * unit, *quantize_multiplier(s2 / twice_max))
        multiplier = quantize_multiplier(twice_max * twice_max / (unit**2 * s3))
        return self.finish_pair(node, multiply_by_quantized_multiplier((x - y) * (x - y), *multiplier))

    def mul(self, node: Node) -> Array:
        a, b = self.centred(node)
        s1, s2, s3 = self.scales(node)
        return self.finish_pair(node, multiply_by_quantized_multiplier(a * b, *quantize_multiplier(s1 * s2 / s3)))

    def div(self, node: Node) -> Array:
        a, b = self.centred(node)
        s1, s2, s3 = self.scales(node)
        multiplier, shift = quantize_multiplier(s1 / (s2 * s3))
        flat = [quotient(int(x), int(y), multiplier, shift) for x, y in zip(a.flat, b.flat, strict=True)]
        return self.finish_pair(node, np.array(flat, np.int64).reshape(a.shape))

    def maximum(self, node: Node) -> Array:
        return np.maximum(self.value(node, 0), self.value(node, 1))

    def minimum(self, node: Node) -> Array:
        return np.minimum(self.value(node, 0), self.value(node, 1))

    def prelu(self, node: Node) -> Array:
        x, alpha = self.centred(node)
        s1, s2, s3 = self.scales(node)
        positive = multiply_by_quantized_multiplier(x, *quantize_multiplier(s1 / s3))
        negative = multiply_by_quantized_multiplier(x * alpha, *quantize_multiplier(s1 * s2 / s3))
        return self.finish_pair(node, np.where(x >= 0, positive, negative))

    # One input

    def each(self, node: Node, function: Any) -> Array:
        """`function` of each value less the zero point, plus the output's zero point, clamped to its type."""
        limits = np.iinfo(self.output(node).dtype.value)
        source, output = quant(self.tensor(node, 0)), quant(self.output(node))
        known = cache(function)
        x = self.value(node, 0)
        results = [known(int(value) - source.zero_point) + output.zero_point for value in x.flat]
        return np.clip(np.array(results, np.int64), limits.min, limits.max).reshape(x.shape)

    def unary_scales(self, node: Node) -> tuple[float, float]:
        return quant(self.tensor(node, 0)).scale, quant(self.output(node)).scale

    def abs(self, node: Node) -> Array:
        s1, s2 = self.unary_scales(node)
        if s1 == s2:
            return self.each(node, abs)
        multiplier = quantize_multiplier(s1 / s2)
        return self.each(node, lambda x: scaled(abs(x), *multiplier))

    def rsqrt(self, node: Node) -> Array:
        s1, s2 = self.unary_scales(node)
        multiplier, shift = quantize_multiplier(1.0 / (math.sqrt(s1) * s2))

        def one(x: int) -> int:
            if x <= 0:  # the reference stops below zero, and takes the largest result at zero
                return 1000
            inverse, inverse_shift = inverse_square_root(x)
            return scaled(scaled(1, inverse, inverse_shift + 20), multiplier, shift - 20)

        return self.each(node, one)

    def elu(self, node: Node) -> Array:
        s1, s2 = (F(scale) for scale in self.unary_scales(node))
        inverse = F(1) / s2

        def one(x: int) -> int:
            real = s1 * F(x)
            transformed = F(math.exp(float(real))) - F(1) if real < 0 else real
            return c_round(float(transformed * inverse))

        return self.each(node, one)

    def leaky_relu(self, node: Node) -> Array:
        s1, s2 = self.unary_scales(node)
        above = quantize_multiplier(s1 / s2)
        below = quantize_multiplier(s1 * told(node).alpha / s2)
        return self.each(node, lambda x: scaled(x, *(above if x >= 0 else below)))

    def hard_swish(self, node: Node) -> Array:
        s1, s2 = self.unary_scales(node)
        high_resolution = s1 / 128
        output, output_exponent = quantize_multiplier(high_resolution / s2)
        reluish, reluish_exponent = quantize_multiplier(high_resolution / (3 / 32768))
        factors = int16_multiplier(output), int16_multiplier(reluish)

        def one(x: int) -> int:
            x *= 128
            gate = x
            if reluish_exponent > 0:
                gate = saturate16(gate << (reluish_exponent - 1))
            gate = multiply16(gate, factors[1])
            if reluish_exponent > 0:
                gate = saturate16(gate << 1)
            if reluish_exponent < 0:
                gate = divide(gate, -reluish_exponent)
            gate = (gate + 32768) >> 1
            return divide(int(gate * multiply16(x, factors[0]) / 32768), -output_exponent)

        return self.each(node, one)

    # Reductions

    def axes(self, node: Node) -> tuple[int, ...]:
        rank = len(self.tensor(node, 0).shape)
        return tuple(sorted({int(axis) % rank for axis in self.value(node, 1).reshape(-1)}))

    def sums(self, node: Node) -> tuple[Array, int, tuple[int, int]]:
        axes, x = self.axes(node), self.value(node, 0)
        count = math.prod(x.shape[axis] for axis in axes)
        total = x.sum(axis=axes) - quant(self.tensor(node, 0)).zero_point * count
        scale = quant(self.tensor(node, 0)).scale / quant(self.output(node)).scale
        return total, count, quantize_multiplier(scale)

    def sum(self, node: Node) -> Array:
        total, _, multiplier = self.sums(node)
        return self.finish_pair(node, multiply_by_quantized_multiplier(wrap32(total), *multiplier))

    def mean(self, node: Node) -> Array:
        total, count, (multiplier, exponent) = self.sums(node)
        shift = min(63 - (64 - count.bit_length()), 32, 31 + exponent)
        multiplier = (multiplier << shift) // count
        return self.finish_pair(node, multiply_by_quantized_multiplier(wrap32(total), multiplier, exponent - shift))

    def reduce_max(self, node: Node) -> Array:
        return np.asarray(self.value(node, 0).max(axis=self.axes(node)))

    def reduce_min(self, node: Node) -> Array:
        return np.asarray(self.value(node, 0).min(axis=self.axes(node)))

    def arg_max(self, node: Node) -> Array:
        return np.asarray(self.value(node, 0).argmax(axis=int(self.value(node, 1).reshape(-1)[0])))

    def arg_min(self, node: Node) -> Array:
        return np.asarray(self.value(node, 0).argmin(axis=int(self.value(node, 1).reshape(-1)[0])))

    # Others

    def transpose_conv(self, node: Node) -> Array:
        """Scatters, as the reference does."""
        weights, source, output = self.value(node, 1), self.tensor(node, 2), self.output(node)
        x = self.value(node, 2)[0] - quant(source).zero_point
        attributes, (filters, height, width, _) = told(node), weights.shape
        pads = [
            max(0, (-(-size // stride) - 1) * stride + kernel - size) // 2 if attributes.padding == "SAME" else 0
            for size, stride, kernel in zip(output.shape[1:3], attributes.stride, (height, width), strict=True)
        ]
        sums = np.zeros(output.shape[1:], np.int64)
        for y, c in itertools.product(range(x.shape[0]), range(x.shape[1])):
            for ky, kx in itertools.product(range(height), range(width)):
                oy, ox = y * attributes.stride[0] - pads[0] + ky, c * attributes.stride[1] - pads[1] + kx
                if 0 <= oy < output.shape[1] and 0 <= ox < output.shape[2]:
                    sums[oy, ox] += weights[:, ky, kx, :] @ x[y, c]
        if len(node.inputs) > 3:
            sums += self.value(node, 3)
        return self.finish_channels(node, sums, filters)

    def finish_channels(self, node: Node, sums: Array, filters: int) -> Array:
        output, source = self.output(node), quant(self.tensor(node, 2))
        scales = quant(self.tensor(node, 1)).scales
        scales = scales * filters if len(scales) == 1 else scales
        results = [
            multiply_by_quantized_multiplier(
                wrap32(sums[..., i]), *quantize_multiplier(source.scale * scale / quant(output).scale)
            )
            for i, scale in enumerate(scales)
        ]
        return self.finish_pair(node, np.stack(results, axis=-1))

    def logistic(self, node: Node) -> Array:
        return Interpreter.logistic(self, node) if self.output(node).dtype == "int8" else self.wide_sigmoid(node, False)

    def tanh(self, node: Node) -> Array:
        return Interpreter.tanh(self, node) if self.output(node).dtype == "int8" else self.wide_sigmoid(node, True)

    def wide_sigmoid(self, node: Node, tanh: bool) -> Array:
        """Interpolates between logistic(i / 24)."""
        scale = quant(self.tensor(node, 0)).scale
        power = round(math.log2(scale))
        if scale == 2.0**power and 12 + power in ((0, 1) if tanh else (0,)):
            multiplier, shift = 3 << (12 + power), 0
        else:
            real, shift = scale * 4096.0 * 3.0, 0
            while real <= 32767.0 / 2.0 and shift <= 30:
                real, shift = real * 2.0, shift + 1
            multiplier = int(real)
        table, bits = sigmoid_table(), 8 if tanh else 9
        results = []
        for value in self.value(node, 0).flat:
            scaled_value = (int(value) * multiplier + ((1 << shift) >> 1)) >> shift
            index, rest = abs(scaled_value) >> bits, abs(scaled_value) & ((1 << bits) - 1)
            if index >= 255:
                result = 0xFFFF << 8 if tanh else 0x7FFF << 10
            else:
                result = (table[index] << bits) + rest * (table[index + 1] - table[index])
            if tanh:
                result -= 1 << 23
                result = result + 128 if scaled_value >= 0 else -result + 128 - 1
            else:
                result = result + 512 if scaled_value >= 0 else (1 << 25) - result + 512 - 1
            results.append(result >> (bits if tanh else bits + 1))
        return np.array(results, np.int64).reshape(self.value(node, 0).shape)

    def wide_softmax(self, node: Node) -> Array:
        """SoftmaxInt16 in kernels/internal/reference/softmax.h."""
        factor = quant(self.tensor(node, 0)).scale * told(node).beta / (10.0 / 65535.0)
        multiplier = quantize_multiplier(factor)
        exps = populated(lambda x: F(math.exp(float(x))), F(10) / F(65535), 32767)
        reciprocals = populated(lambda x: F(1) / (F(1) + x), F(1) / F(65535), -32768)
        x = self.value(node, 0)
        out = []
        for row in x.reshape(-1, x.shape[-1]).tolist():
            differences = [scaled(value - max(row), *multiplier) + 32767 for value in row]
            e = [looked_up(exps, min(max(d, -32768), 32767)) for d in differences]
            total = sum(e)
            headroom = 32 - total.bit_length()
            normal = ((total << (headroom - 1)) + (1 << 13)) >> 14
            reciprocal = looked_up(reciprocals, min(max(normal - 98304, -32768), 32767))
            shift = 31 - headroom
            out.append([min(max((value * reciprocal + (1 << (shift - 1))) >> shift, 0), 32767) for value in e])
        return np.array(out, np.int64)

    def softmax(self, node: Node) -> Array:
        if self.tensor(node, 0).dtype == "int16":
            return self.wide_softmax(node)
        if self.output(node).dtype == "int8":
            return Interpreter.softmax(self, node)
        scale = told(node).beta * quant(self.tensor(node, 0)).scale * 2**26
        multiplier, left = quantize_multiplier(min(scale, 2.0**31 - 1))
        minimum = -math.floor(31 * 2**26 / 2**left)
        x = self.value(node, 0)
        rows = x.reshape(-1, x.shape[-1])
        return np.array([softmax_row(row.tolist(), multiplier, left, minimum, bits=16) for row in rows])


@cache
def sigmoid_table() -> list[int]:
    """logistic(i / 24) in Q0.16, half the error of interpolation taken off; saturated at the end."""

    def exact(i: int) -> float:
        return 65536.0 / (1.0 + math.exp(-i / 24))

    table = [exact(i) - ((exact(i - 1) + exact(i + 1)) / 2 - exact(i)) / 8 for i in range(255)]
    return [math.floor(value + 0.5) for value in table] + [65535]


def populated(function: Any, scale: Any, zero_point: int) -> list[int]:
    """LUTPopulateInt16 in kernels/internal/common.h, step by step in float32."""
    low, high = scale * F(-32768 - zero_point), scale * F(32767 - zero_point)
    unit = F(2) / F(65535)
    inverse = F(65536) / (unit * F(32767) - unit * F(-32768))
    step = (high - low) / F(512)
    half = step / F(2)
    table = []
    for i in range(512):
        value, middle = function(low + F(i) * step), function(low + F(i) * step + half)
        following = function(low + F(i + 1) * step)
        sample = F(c_round(float(value * inverse)))
        interpolated = F(c_round(float((following * inverse + sample) / F(2))))
        error = interpolated - F(c_round(float(middle * inverse)))
        table.append(min(max(int(sample - F(c_round(float(error / F(2))))), -32768), 32767))
    return [*table, int(min(c_round(float(function(high) * inverse)), 32767))]


def looked_up(table: list[int], x: int) -> int:
    base, following = table[256 + (x >> 7)], table[256 + (x >> 7) + 1]
    return base + (((following - base) * (x & 127) + 64) >> 7)


def scaled(x: int, multiplier: int, shift: int) -> int:
    return int(multiply_by_quantized_multiplier(np.int64(x), multiplier, shift))


def quotient(a: int, b: int, multiplier: int, shift: int) -> int:
    if b == 0:  # undefined in the reference
        return 1000 * ((a > 0) - (a < 0))
    if b < 0:
        a, b = -a, -b
    leading = 32 - b.bit_length()
    inverse = saturating_left(newton_raphson((b << leading) - 2**31), 1)
    headroom = 31 - (a if a >= 0 else -a - 1).bit_length()
    total_shift = shift - (31 - leading) - headroom
    product = mul(mul(a << headroom, inverse), multiplier)
    if total_shift < -31:  # RoundingDivideByPOT with shifts as Arm does them, its mask cut to 32 bits
        return (-1 if product < 0 else 0) + (product > (-1 if product >= 0 else 0))
    return divide(product, -total_shift)


def inverse_square_root(value: int) -> tuple[int, int]:
    """GetInvSqrtQuantizedMultiplierExp in kernels/internal/common.h, shifts to the left counted positive."""
    if value <= 1:
        return INT32_MAX, 0
    shift = 11
    while value >= 1 << 29:
        value //= 4
        shift += 1
    pairs = (32 - value.bit_length() - 1) // 2 - 1
    shift -= pairs
    value <<= 2 * pairs
    half_input, half_three = divide(value >> 1, 1), 2**28 + 2**27
    x = 2**28
    for _ in range(5):
        x3 = saturating_left(mul(mul(x, x), x), 6)
        x = saturating_left(mul(half_three, x) - mul(half_input, x3), 3)
    x = mul(x, 1518500250)
    if shift < 0:
        return x << -shift, 0
    return x, -shift


def int16_multiplier(multiplier: int) -> int:
    return 32767 if multiplier >= INT32_MAX - 2**15 else (multiplier + 2**15) >> 16


def saturate16(value: int) -> int:
    return min(max(value, -(2**15)), 2**15 - 1)


def multiply16(a: int, b: int) -> int:
    product = a * b
    nudged = product + (2**14 if product >= 0 else 1 - 2**14)
    return int(nudged / 2**15)  # towards zero
