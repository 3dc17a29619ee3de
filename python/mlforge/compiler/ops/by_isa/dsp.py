"""Tables for the kernels of Isa.DSP: weights of two output channels in one word, requantisation in two multiplications.

The layouts are those of mlforge/kernels_dsp.h; why they are exact stands in docs/engine.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from mlforge.compiler.fixed_point import INT8_MAX, INT8_MIN, Ints, Multiplier, apply_multiplier

QUAD: Final = 4  # values that are multiplied together; windows are rounded up to whole quads
SUM_LIMIT: Final = 1 << 23  # no sum may reach it: two of them share a word
_SHIFTS: Final = range(2, 32)  # to the right, that a requantisation in two multiplications can do
_EXACT: Final = 1 << 31  # sums below do not wrap
_NOTHING: Final = Multiplier(1 << 30, -31)  # what a factor of 0 amounts to: every result is the zero point


@dataclass(frozen=True, slots=True, eq=False)
class Channels:
    """Output channels of a convolution or the like: `weights` int64[channels, values], `bias` int64[channels] with the
    input's zero point folded in, `multipliers` one for each channel."""

    weights: Ints
    bias: Ints
    multipliers: tuple[Multiplier, ...]

    @property
    def lowest(self) -> Ints:
        """The smallest sum that each channel can have."""
        return _sums(self, np.where(self.weights > 0, INT8_MIN, INT8_MAX))

    @property
    def highest(self) -> Ints:
        return _sums(self, np.where(self.weights > 0, INT8_MAX, INT8_MIN))

    @property
    def suit_requantisation(self) -> bool:
        """Whether every multiplier and every sum that can occur are such that requantisation is exact."""
        shifts = all(-_usable(multiplier).exponent in _SHIFTS for multiplier in self.multipliers)
        return shifts and bool((self.highest < SUM_LIMIT).all() and (self.lowest > -SUM_LIMIT).all())

    @property
    def suit_pairs(self) -> bool:
        """Whether two channels fit a word: none has a weight of -128, whose lower neighbour could borrow from it."""
        return self.suit_requantisation and bool((self.weights > INT8_MIN).all())


def _sums(channels: Channels, inputs: Ints) -> Ints:
    sums: Ints = channels.bias + (channels.weights * inputs).sum(axis=1)
    return sums


def without_dead(channels: Channels, zero_point: int, low: int, high: int) -> Channels:
    """The same channels, where those whose result can be but one value have small numbers that make that value.

    Converters give channels that training has killed scales near 0 and biases near 2^30. `low` and `high` are the
    smallest and largest result.
    """
    weights, bias, multipliers = channels.weights.copy(), channels.bias.copy(), list(channels.multipliers)
    for index, (lowest, highest) in enumerate(zip(channels.lowest, channels.highest, strict=True)):
        if not (abs(lowest) < _EXACT and abs(highest) < _EXACT):
            continue
        sums = np.array([lowest, highest], np.int64)
        first, last = np.clip(apply_multiplier(sums, multipliers[index]) + zero_point, low, high)
        if first == last and multipliers[index].exponent <= 0:
            weights[index] = 0
            bias[index] = 8 * (first - zero_point)  # half of it, then a quarter of that: no rounding
            multipliers[index] = Multiplier(1 << 30, -2)
    return Channels(weights, bias, tuple(multipliers))


def _usable(multiplier: Multiplier) -> Multiplier:
    return multiplier if multiplier.value else _NOTHING


def factor_and_power(multiplier: Multiplier) -> tuple[int, int]:
    """The two multiplications that requantise; see runtime/kernels/dsp/dsp.h."""
    usable = _usable(multiplier)
    return 2 * usable.value - (1 << 32), 1 << (32 + usable.exponent)


def pad_runs(weights: Ints) -> Ints:
    """[channels, runs, values] to [channels, values of all runs, each rounded up to quads]."""
    rest = -weights.shape[2] % QUAD
    padded: Ints = np.pad(weights, ((0, 0), (0, 0), (0, rest))).reshape(len(weights), -1)
    return padded


def paired_words(weights: Ints) -> Ints:
    """[channels, values], both even, to int32 words [channels / 2, values / 2]: 256 * b + a in each half, by quads."""
    both = 256 * weights[1::2] + weights[0::2]
    quads = both.reshape(len(both), -1, QUAD)
    words = (quads[:, :, :2] & 0xFFFF) + (quads[:, :, 2:] << 16)
    return as_int32(words).reshape(len(both), -1)


def paired_sums(bias: Ints) -> Ints:
    """[channels], an even number, to where the two sums of each pair start: int32 values [channels / 2, 2]."""
    return as_int32(np.stack([bias[0::2], 256 * bias[1::2] + bias[0::2]], axis=1))


def with_dummy_first(channels: Channels) -> Channels:
    """An even number of channels: where it is odd, the last one and one that does nothing come first."""
    if len(channels.bias) % 2 == 0:
        return channels
    zeros = np.zeros_like(channels.weights[:1])
    weights = np.concatenate([channels.weights[-1:], zeros, channels.weights[:-1]])
    bias = np.concatenate([channels.bias[-1:], [0], channels.bias[:-1]])
    multipliers = (channels.multipliers[-1], _NOTHING, *channels.multipliers[:-1])
    return Channels(weights, bias, multipliers)


def as_int32(values: Ints) -> Ints:
    """Modulo 2^32."""
    wrapped: Ints = ((values + (1 << 31)) % (1 << 32)) - (1 << 31)
    return wrapped
