"""Biases and multipliers of output channels in six bytes each, for the kernels of Isa.DSP.

A multiplier is the normalised product of two factors, rounded to 31 bits: the ratio of input scale to output scale,
which all channels share, and the channel's weight scale, a float32 with 24 bits of mantissa. Those 24 bits and 40 bits
of the ratio give it back; whether they do, for every channel, is tried out here, and a wider form is taken where they
do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import frexp
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.fixed_point import Multiplier, apply_multiplier
from mlforge.compiler.ops.by_isa.dsp import Channels, factor_and_power
from mlforge.compiler.ops.operator import Constant, Field

_MANTISSA: Final = 24  # bits of a float32, with the leading one that is not stored
_RATIO: Final = 40  # bits; a product has 63 or 64
_SHIFTS: Final = 16  # a channel's shift is stored as what it has above the smallest, in 4 bits
_BIAS_LIMIT: Final = 1 << 20  # 21 bits with the sign
_TRIES: Final = 64  # of neighbouring ratios, either way


def channel_fields(channels: Channels, scales: Sequence[float], ratio: float) -> Mapping[str, Field]:
    """The fields of struct mlforge_dsp_channels.

    Args:
        channels: what `scales` and `ratio` made the multipliers of; those without weights may have any multiplier that
            makes the same result. No bias reaches 2^28.
        scales: float32, of the weights of each channel, or one for all.
        ratio: input scale over output scale.
    """
    own = list(scales) * len(channels.bias) if len(scales) == 1 else list(scales)
    mantissas = [_mantissa(scale) for scale in own]
    for candidate in _ratios(ratio):
        if packed := _packed(channels, mantissas, candidate):
            return packed
    return {"packed": Constant("channels", _wide(channels)), "ratio_low": 0, "ratio_high": 0, "right": 0}


def _mantissa(scale: float) -> int:
    """24 bits, the highest of them set."""
    return int(frexp(scale)[0] * (1 << _MANTISSA)) or 1 << (_MANTISSA - 1)


def _ratios(ratio: float) -> Iterator[int]:
    """40 bits, the highest of them set: the nearest first."""
    nearest = round(frexp(ratio)[0] * (1 << _RATIO))
    for distance in range(_TRIES):
        for candidate in {nearest + distance, nearest - distance}:
            if 1 << (_RATIO - 1) <= candidate < 1 << _RATIO:
                yield candidate


def product(mantissa: int, ratio: int) -> int:
    """The multiplier, as mlforge_dsp_channel in runtime/kernels/dsp/dsp_channels.h works it out."""
    both = mantissa * ratio
    drop = 33 if both >> 63 else 32
    return (both + (1 << (drop - 1))) >> drop


def _packed(channels: Channels, mantissas: Sequence[int], ratio: int) -> Mapping[str, Field] | None:
    rights = [-multiplier.exponent for multiplier in channels.multipliers]
    dead = [not row.any() for row in channels.weights]
    live = [right for right, is_dead in zip(rights, dead, strict=True) if not is_dead]
    smallest = min(live, default=2)
    words = []
    for index, mantissa in enumerate(mantissas):
        bias, right, value = int(channels.bias[index]), rights[index], product(mantissa, ratio)
        if dead[index]:
            right = smallest
            bias = _bias_for(_result(bias, channels.multipliers[index]), Multiplier(value, -right))
        elif value != channels.multipliers[index].value:
            return None
        if not 0 <= right - smallest < _SHIFTS or not -_BIAS_LIMIT <= bias < _BIAS_LIMIT:
            return None
        words.append(mantissa % (1 << (_MANTISSA - 1)) + ((right - smallest) << 23) + ((bias % (1 << 21)) << 27))
    table = Constant("channels", _halves(words, 3))
    return {"packed": table, "ratio_low": ratio % (1 << 32), "ratio_high": ratio >> 32, "right": smallest}


def _result(bias: int, multiplier: Multiplier) -> int:
    """What a channel without weights gives, before the zero point."""
    return int(apply_multiplier(np.array([bias], np.int64), multiplier)[0]) if multiplier.value else 0


def _bias_for(result: int, multiplier: Multiplier) -> int:
    """A sum whose result it is; there is one, as multipliers are below a half."""
    return round(result * (1 << (31 - multiplier.exponent)) / multiplier.value)


def _wide(channels: Channels) -> NDArray[np.uint16]:
    rows = []
    for bias, multiplier in zip(channels.bias.tolist(), channels.multipliers, strict=True):
        factor, power = factor_and_power(multiplier)
        shift = power.bit_length() - 1  # 32 less the shift to the right
        rows.append((factor % (1 << 32) >> 1) % (1 << 30) + (shift << 30) + ((bias % (1 << 29)) << 35))
    return _halves(rows, 4)


def _halves(numbers: Sequence[int], count: int) -> NDArray[np.uint16]:
    """[numbers, count], the lowest first."""
    return np.array([[number >> 16 * half & 0xFFFF for half in range(count)] for number in numbers], np.uint16)
