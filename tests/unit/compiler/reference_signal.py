"""The signal library's operators, after tflite-micro's signal/src and signal/micro/kernels, on Python's integers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlforge.compiler.graph import Node
from mlforge.compiler.ops.signal.operator import SignalAttributes
from tests.unit.compiler.reference import Array, Interpreter

U32, U64 = (1 << 32) - 1, (1 << 64) - 1
LN_2, LOG_BITS, SEGMENT_BITS = 45426, 16, 7
SNR_BITS, OUTPUT_BITS = 12, 6


def wrap16(value: int) -> int:
    return (value + (1 << 15)) % (1 << 16) - (1 << 15)


def clip16(value: int) -> int:
    return max(-(1 << 15), min((1 << 15) - 1, value))


Complex = tuple[int, int]


@dataclass(frozen=True)
class Kiss:
    """kiss_fft in fixed point of `bits`."""

    bits: int = 16

    @property
    def largest(self) -> int:
        return (1 << (self.bits - 1)) - 1

    def wrap(self, value: int) -> int:
        half = 1 << (self.bits - 1)
        return (value + half) % (2 * half) - half

    def rounded(self, value: int) -> int:
        """sround"""
        return self.wrap((value + (1 << (self.bits - 2))) >> (self.bits - 1))

    def half(self, sum_of_two: int) -> int:
        """HALF_OF a sum that C makes in 32 bits."""
        return self.wrap((sum_of_two if self.bits == 16 else self.wrap(sum_of_two)) >> 1)

    def over(self, z: Complex, radix: int) -> Complex:
        return self.rounded(z[0] * (self.largest // radix)), self.rounded(z[1] * (self.largest // radix))

    def times(self, a: Complex, b: Complex) -> Complex:
        return self.rounded(a[0] * b[0] - a[1] * b[1]), self.rounded(a[0] * b[1] + a[1] * b[0])

    def plus(self, a: Complex, b: Complex) -> Complex:
        return self.wrap(a[0] + b[0]), self.wrap(a[1] + b[1])

    def minus(self, a: Complex, b: Complex) -> Complex:
        return self.wrap(a[0] - b[0]), self.wrap(a[1] - b[1])

    def twiddle(self, phase: float) -> Complex:
        return math.floor(0.5 + self.largest * math.cos(phase)), math.floor(0.5 + self.largest * math.sin(phase))

    def transform(self, z: list[Complex], turn: int = -1) -> list[Complex]:
        """kf_work: radix 4 as long as it divides, then 2. `turn` is 1 for the inverse."""
        size = len(z)
        if size == 1:
            return z
        radix = 4 if size % 4 == 0 else 2
        return self.butterflies([self.transform(z[at::radix], turn) for at in range(radix)], radix, size, turn)

    def butterflies(self, parts: list[list[Complex]], radix: int, size: int, turn: int) -> list[Complex]:
        step, result = size // radix, [(0, 0)] * size
        for k in range(step):
            row = [self.over(part[k], radix) for part in parts]
            factors = [self.twiddle(turn * 2 * math.pi * q * k / size) for q in range(radix)]
            row = [row[0], *(self.times(row[q], factors[q]) for q in range(1, radix))]
            if radix == 2:
                result[k], result[k + step] = self.plus(row[0], row[1]), self.minus(row[0], row[1])
                continue
            s5, s0 = self.minus(row[0], row[2]), self.plus(row[0], row[2])
            s3, s4 = self.plus(row[1], row[3]), self.minus(row[1], row[3])
            result[k], result[k + 2 * step] = self.plus(s0, s3), self.minus(s0, s3)
            result[k + step] = self.wrap(s5[0] - turn * s4[1]), self.wrap(s5[1] + turn * s4[0])
            result[k + 3 * step] = self.wrap(s5[0] + turn * s4[1]), self.wrap(s5[1] - turn * s4[0])
        return result

    def of_samples(self, x: list[int]) -> list[Complex]:
        """kiss_fftr"""
        half = len(x) // 2
        z = self.transform(list(zip(x[::2], x[1::2], strict=True)))
        mean = self.over(z[0], 2)
        bins = [(0, 0)] * (half + 1)
        bins[0], bins[half] = (self.wrap(mean[0] + mean[1]), 0), (self.wrap(mean[0] - mean[1]), 0)
        for k in range(1, half // 2 + 1):
            a, b = self.over(z[k], 2), self.over((z[half - k][0], self.wrap(-z[half - k][1])), 2)
            even = self.plus(a, b)
            odd = self.times(self.minus(a, b), self.twiddle(-math.pi * (k / half + 0.5)))
            bins[k] = self.half(even[0] + odd[0]), self.half(even[1] + odd[1])
            bins[half - k] = self.half(even[0] - odd[0]), self.half(odd[1] - even[1])
        return bins

    def to_samples(self, bins: list[Complex]) -> list[int]:
        """kiss_fftri"""
        half = len(bins) - 1
        z = [(0, 0)] * half
        z[0] = self.over((self.wrap(bins[0][0] + bins[half][0]), self.wrap(bins[0][0] - bins[half][0])), 2)
        for k in range(1, half // 2 + 1):
            a, b = self.over(bins[k], 2), self.over((bins[half - k][0], self.wrap(-bins[half - k][1])), 2)
            even = self.plus(a, b)
            odd = self.times(self.minus(a, b), self.twiddle(math.pi * (k / half + 0.5)))
            z[k] = self.plus(even, odd)
            other = self.minus(even, odd)
            z[half - k] = other[0], self.wrap(-other[1])
        return [part for number in self.transform(z, 1) for part in number]


def root(value: int) -> int:
    found = math.isqrt(value)
    largest = 0xFFFF if value <= U32 else U32
    return found + 1 if value - found * found > found and found != largest else found


def gain(x: int, lut: list[int]) -> int:
    """WideDynamicFunction."""
    if x <= 2:
        return lut[x]
    interval = x.bit_length()
    base = 4 * interval - 6
    part = (x << (11 - interval) if interval < 11 else x >> (interval - 11)) & 0x3FF
    result = ((lut[base + 2] * part) >> 5) + (lut[base + 1] << 5)
    result = (result * part + (1 << 14)) >> 15
    return wrap16(result + lut[base])


def shrink(x: int) -> int:
    if x < 2 << SNR_BITS:
        return ((x * x) & U32) >> (2 + 2 * SNR_BITS - OUTPUT_BITS)
    return (x >> (SNR_BITS - OUTPUT_BITS)) - (1 << OUTPUT_BITS)


def logarithm(x: int, scale: int) -> int:
    whole = x.bit_length() - 1
    part = x - (1 << whole)
    part = part << (LOG_BITS - whole) if whole < LOG_BITS else part >> (whole - LOG_BITS)
    at = part >> (LOG_BITS - SEGMENT_BITS)
    first, second = (arch(one) for one in (at, at + 1))
    fraction = part + first + (((second - first) * (part & 511)) >> LOG_BITS)
    natural = (LN_2 * ((whole << LOG_BITS) + fraction) + (1 << 15)) >> LOG_BITS
    return ((scale * natural + (1 << 15)) & U32) >> LOG_BITS


def arch(at: int) -> int:
    """The table: log2(1 + t) - t."""
    return round((math.log2(1 + at / 128) - at / 128) * 65536)


class SignalReference(Interpreter):
    def told(self, node: Node) -> SignalAttributes:
        return node.attributes_as(SignalAttributes)

    def rows(self, node: Node, position: int = 0) -> list[list[int]]:
        """Along the last dimension."""
        array = self.value(node, position)
        return [[int(x) for x in row] for row in array.reshape(-1, array.shape[-1])]

    def shaped(self, node: Node, *values: Any) -> list[Array]:
        """One array for each output."""
        outputs = [self.graph.tensors[index].shape for index in node.outputs]
        return [np.asarray(one, np.int64).reshape(shape) for one, shape in zip(values, outputs, strict=True)]

    def memory(self, node: Node) -> dict[str, Any]:
        """What it remembers."""
        memories: dict[int, dict[str, Any]] = self.__dict__.setdefault("memories", {})
        return memories.setdefault(node.inputs[-1], {})

    def signalwindow(self, node: Node) -> Array:
        weights, shift = self.rows(node, 1)[0], self.told(node)["shift"]
        source = self.value(node, 0).reshape(-1, len(weights))
        return np.array([[clip16((int(x) * w) >> shift) for x, w in zip(row, weights, strict=True)] for row in source])

    def signalfftautoscale(self, node: Node) -> list[Array]:
        (row,) = self.rows(node)
        largest = 0
        for x in row:
            if x > largest or -x > largest:
                largest = x if x > largest else wrap16(-x)
        bits = max(0, 15 - (largest & U32).bit_length())
        return self.shaped(node, [wrap16(x << bits) for x in row], bits)

    def kiss(self, node: Node) -> Kiss:
        return Kiss(8 * self.output(node).dtype.size_bytes)

    def signalrfft(self, node: Node) -> Array:
        length, kiss = self.told(node)["fft_length"], self.kiss(node)
        return np.array([kiss.of_samples(row + [0] * (length - len(row))) for row in self.rows(node)])

    def signalirfft(self, node: Node) -> Array:
        kiss = self.kiss(node)
        return np.array([kiss.to_samples(list(zip(row[::2], row[1::2], strict=True))) for row in self.rows(node)])

    def signalenergy(self, node: Node) -> Array:
        (row,) = self.rows(node)
        energies = np.zeros(self.output(node).shape, np.int64)
        for at in range(self.told(node)["start_index"], self.told(node)["end_index"]):
            energies[at] = row[2 * at] ** 2 + row[2 * at + 1] ** 2
        return energies

    def signalfilterbank(self, node: Node) -> Array:
        bins, weights, rests, starts, offsets, widths = (self.rows(node, at)[0] for at in range(6))
        sums, carried = [], 0
        for start, offset, width in zip(starts, offsets, widths, strict=True):
            total, carried = carried, 0
            for at in range(width):
                total += weights[offset + at] * bins[start + at]
                carried += rests[offset + at] * bins[start + at]
            sums.append(total & U64)
        return np.array(sums[1:], np.uint64).astype(np.int64)

    def signalfilterbanksquareroot(self, node: Node) -> Array:
        bits = int(self.value(node, 1)) & 31
        return np.array([root(x & U64) >> bits for x in self.rows(node)[0]])

    def signalfilterbankspectralsubtraction(self, node: Node) -> list[Array]:
        told, (row,) = self.told(node), self.rows(node)
        estimates = self.memory(node).setdefault("estimates", [0] * len(row))
        result = []
        for at, value in enumerate(row):
            prefix = "alternate_" if at % 2 else ""
            smoothing, keeping = told[f"{prefix}smoothing"], told[f"{prefix}one_minus_smoothing"]
            scaled = (value << told["smoothing_bits"]) & U32
            total = (scaled * smoothing + estimates[at] * keeping) & U64
            estimates[at] = estimate = (total >> told["spectral_subtraction_bits"]) & U32
            if estimate > scaled:
                estimate = scaled
                if told["clamping"]:
                    estimates[at] = estimate
            floor = ((value * told["min_signal_remaining"]) >> told["spectral_subtraction_bits"]) & U32
            result.append(max((scaled - estimate) >> told["smoothing_bits"], floor))
        return self.shaped(node, result, list(estimates))

    def signalpcan(self, node: Node) -> Array:
        values, estimates, lut = (self.rows(node, at)[0] for at in range(3))
        shift = self.told(node)["snr_shift"]
        pairs = zip(values, estimates, strict=True)
        return np.array([shrink((((value * (gain(e, lut) & U32)) & U64) >> shift) & U32) for value, e in pairs])

    def signalfilterbanklog(self, node: Node) -> Array:
        told, result = self.told(node), []
        for value in self.rows(node)[0]:
            scaled = (value << told["input_correction_bits"]) & U32
            result.append(min(logarithm(scaled, told["output_scale"]), 32767) if scaled > 1 else 0)
        return np.array(result)

    def signalframer(self, node: Node) -> list[Array]:
        told, rows = self.told(node), self.rows(node)
        size, step = told["frame_size"], told["frame_step"]
        begin = [0] * (size - step) if told["prefill"] else []
        buffers = self.memory(node).setdefault("buffers", [list(begin) for _ in rows])
        frames, valid = [], True
        for buffer, row in zip(buffers, rows, strict=True):
            for at in range(0, len(row), step):
                buffer += row[at : at + step]
                full = len(buffer) >= size
                frames.append(buffer[:size] if full else [0] * size)
                valid = valid and full
                if full:
                    del buffer[:step]
        return self.shaped(node, frames, valid)

    def signalstacker(self, node: Node) -> list[Array]:
        told, (row,) = self.told(node), self.rows(node)
        memory = self.memory(node)
        if "buffer" not in memory:
            memory["buffer"] = row * told["stacker_left_context"]
        memory["buffer"] += row
        size = self.output(node).elements
        full = len(memory["buffer"]) >= size
        result = memory["buffer"][:size] if full else [0] * size
        if full:
            del memory["buffer"][: told["num_channels"] * told["stacker_step"]]
        return self.shaped(node, result, full)

    def signaloverlapadd(self, node: Node) -> Array:
        source, step = self.value(node, 0), self.told(node)["frame_step"]
        size = source.shape[-1]
        signals = source.reshape(-1, *source.shape[-2:])
        sums = self.memory(node).setdefault("sums", np.zeros((len(signals), size), np.int64))
        result = []
        for at, frames in enumerate(signals):
            for frame in frames:
                sums[at] = np.clip(sums[at] + frame, -(1 << 15), (1 << 15) - 1)
                result.append(sums[at, :step].copy())
                sums[at] = np.concatenate([sums[at, step:], np.zeros(step, np.int64)])
        return np.array(result)

    def signaldelay(self, node: Node) -> Array:
        rows = self.rows(node)
        kept = self.memory(node).setdefault("kept", [[0] * self.told(node)["delay_length"] for _ in rows])
        result = []
        for at, row in enumerate(rows):
            kept[at] += row
            result.append(kept[at][: len(row)])
            del kept[at][: len(row)]
        return np.array(result)
