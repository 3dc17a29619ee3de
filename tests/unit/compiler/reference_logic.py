"""Comparisons, choices, arithmetic of int32 and sums over rows after TensorFlow Lite Micro's reference kernels.

Independent of the compiler, as reference.py is. Sources in tflite-micro: micro/kernels/{comparisons, logical, select,
cumsum, add_n, l2norm, log_softmax, add, sub, mul}.cc, kernels/internal/reference/{comparisons, select, cumsum, add_n,
log_softmax, add, sub, mul}.h, integer_ops/l2normalization.h, and kernels/internal/common.h for the logarithm.
"""

from __future__ import annotations

import math

import numpy as np

from mlforge.compiler.graph import Node
from tests.unit.compiler.known import quant, told
from tests.unit.compiler.reference import (
    INT32_MAX,
    Array,
    clamp,
    divide,
    exp_on_negative_values,
    mul,
    multiply_by_quantized_multiplier,
    newton_raphson,
    quantize_multiplier,
    saturating_left,
    wrap32,
)
from tests.unit.compiler.reference_arithmetic import ArithmeticReference, inverse_square_root

_INT8 = (-128, 127)


class LogicReference(ArithmeticReference):
    """Each method is one operator; see Interpreter."""

    def compared(self, node: Node) -> tuple[Array, Array]:
        if self.tensor(node, 0).dtype == "int32":
            return self.value(node, 0), self.value(node, 1)
        a, b = (
            multiply_by_quantized_multiplier(
                (self.value(node, p) - quant(self.tensor(node, p)).zero_point) * 256,
                *quantize_multiplier(quant(self.tensor(node, p)).scale),
            )
            for p in (0, 1)
        )
        return a, b

    def equal(self, node: Node) -> Array:
        a, b = self.compared(node)
        return np.asarray(a == b)

    def not_equal(self, node: Node) -> Array:
        a, b = self.compared(node)
        return np.asarray(a != b)

    def greater(self, node: Node) -> Array:
        a, b = self.compared(node)
        return np.asarray(a > b)

    def greater_equal(self, node: Node) -> Array:
        a, b = self.compared(node)
        return np.asarray(a >= b)

    def less(self, node: Node) -> Array:
        a, b = self.compared(node)
        return np.asarray(a < b)

    def less_equal(self, node: Node) -> Array:
        a, b = self.compared(node)
        return np.asarray(a <= b)

    def logical_and(self, node: Node) -> Array:
        return np.logical_and(self.value(node, 0), self.value(node, 1))

    def logical_or(self, node: Node) -> Array:
        return np.logical_or(self.value(node, 0), self.value(node, 1))

    def logical_not(self, node: Node) -> Array:
        return np.logical_not(self.value(node, 0))

    def select_v2(self, node: Node) -> Array:
        return np.where(self.value(node, 0) != 0, self.value(node, 1), self.value(node, 2))

    # int32

    def clamped(self, node: Node, values: Array, *, heeds: bool) -> Array:
        bounds = {"RELU": (0, INT32_MAX), "RELU6": (0, 6), "RELU_N1_TO_1": (-1, 1)}
        activation = told(node).activation if heeds else "NONE"
        return clamp(wrap32(values), bounds.get(activation, (-(2**31), INT32_MAX)))

    def add(self, node: Node) -> Array:
        if self.output(node).dtype != "int32":
            return super().add(node)
        return self.clamped(node, self.value(node, 0) + self.value(node, 1), heeds=False)

    def sub(self, node: Node) -> Array:
        if self.output(node).dtype != "int32":
            return super().sub(node)
        return self.clamped(node, self.value(node, 0) - self.value(node, 1), heeds=True)

    def mul(self, node: Node) -> Array:
        if self.output(node).dtype != "int32":
            return super().mul(node)
        return self.clamped(node, self.value(node, 0) * self.value(node, 1), heeds=True)

    def div(self, node: Node) -> Array:
        """Of int32 as C does it; divisors of 0 are the engine's own."""
        if self.output(node).dtype != "int32":
            return super().div(node)
        a, b = np.broadcast_arrays(self.value(node, 0), self.value(node, 1))
        towards_zero = np.abs(a) // np.maximum(np.abs(b), 1) * np.sign(a) * np.sign(b)
        largest = np.where(a < 0, -(2**31), np.where(a > 0, 2**31 - 1, 0))
        return self.clamped(node, np.where(b == 0, largest, towards_zero), heeds=True)

    # Rows

    def from_sums(self, node: Node, sums: Array) -> Array:
        """`sums` begin at minus the zero point, and have 19 fraction bits."""
        factor = 2 * quant(self.tensor(node, 0)).scale / (2**20 * quant(self.output(node)).scale)
        scaled = multiply_by_quantized_multiplier(wrap32(sums * 2**19), *quantize_multiplier(factor))
        return clamp(scaled + quant(self.output(node)).zero_point, _INT8)

    def cumsum(self, node: Node) -> Array:
        zero, axis = quant(self.tensor(node, 0)).zero_point, int(self.value(node, 1).reshape(-1)[0])
        x = np.moveaxis(self.value(node, 0), axis, -1) - zero
        x = x[..., ::-1] if told(node).reverse else x
        sums = np.cumsum(x, axis=-1) - (x if told(node).exclusive else 0) - zero
        sums = sums[..., ::-1] if told(node).reverse else sums
        return self.from_sums(node, np.moveaxis(sums, -1, axis))

    def add_n(self, node: Node) -> Array:
        zero = quant(self.tensor(node, 0)).zero_point
        inputs = [self.value(node, position) - zero for position in range(len(node.inputs))]
        return self.from_sums(node, sum(inputs[1:], inputs[0]) - zero)

    def l2_normalization(self, node: Node) -> Array:
        x = self.value(node, 0) - quant(self.tensor(node, 0)).zero_point
        rows = []
        for row in x.reshape(-1, x.shape[-1]):
            inverse, right = inverse_square_root(int((row * row).sum()))
            rows.append(multiply_by_quantized_multiplier(row, inverse, 7 + right))
        return clamp(np.stack(rows), _INT8)

    def log_softmax(self, node: Node) -> Array:
        scale = quant(self.tensor(node, 0)).scale
        multiplier, left = quantize_multiplier(min(scale * 2**26, 2.0**31 - 1))
        reverse = quantize_multiplier(2 ** (31 - left) / multiplier)
        minimum = -math.floor(31 * 2**26 / 2**left)
        x = self.value(node, 0)
        rows = x.reshape(-1, x.shape[-1]).tolist()
        return np.array([_log_softmax_row(row, (multiplier, left), reverse, minimum) for row in rows])


def _log_softmax_row(row: list[int], scale: tuple[int, int], reverse: tuple[int, int], minimum: int) -> list[int]:
    differences = [value - max(row) for value in row]

    def rescaled(value: int, factor: tuple[int, int]) -> int:
        return int(multiply_by_quantized_multiplier(np.int64(value), *factor))

    exps = [divide(exp_on_negative_values(rescaled(d, scale), 5), 12) for d in differences if d >= minimum]
    log_sum = logarithm(sum(exps))
    least = max(minimum - 1, rescaled(log_sum - 2**31, reverse))
    return [
        min(max(divide(rescaled(d, scale) - log_sum, 22) + 127, -128), 127) if d > least else -128 for d in differences
    ]


def logarithm(z: int) -> int:
    """log(z) in Q5.26 of z in Q12.19 (log_x_for_x_greater_than_or_equal_to_1_impl)."""
    sqrt_half, sqrt_sqrt_half, log_2 = 1518500250, 1805811301, 1488522236
    alpha_n, alpha_d, alpha_i, alpha_f = 117049297, 127690142, 1057819769, 638450708
    headroom_a = 32 - z.bit_length()
    r_a = saturating_left(mul(saturating_left(z, headroom_a - 1), sqrt_half), 1)
    power_a = (12 - headroom_a << 25) + divide(2**29, 6)
    headroom_b = 32 - mul(z, sqrt_half).bit_length() - 1
    r_b = saturating_left(z, headroom_b)
    power_b = (12 - headroom_b << 25) - divide(2**29, 6)
    r, power = min(r_a, r_b), max(power_a, power_b)
    p, q = (r + sqrt_sqrt_half + 1) // 2, 2 * (r - sqrt_sqrt_half)
    square = mul(q, q)
    num = mul(q, r) + mul(mul(q, square), alpha_n)
    denominator = mul(p, alpha_i + q + mul(alpha_d, square)) + mul(alpha_f, q)
    reciprocal = saturating_left(newton_raphson(denominator), 1)
    return saturating_left(mul(power, log_2) + mul(divide(num, 6), reciprocal), 1)
