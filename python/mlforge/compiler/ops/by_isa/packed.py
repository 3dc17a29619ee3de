"""Tables for cores without instructions for pairs: two products in one multiplication (kernels/packed/packed.h).

Decides whether, and in blocks of how many elements, sums stay exact, whatever the input.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.fixed_point import INT8_MAX, INT8_MIN, Ints, Multiplier
from mlforge.compiler.ops.by_isa.dsp import Channels

QUAD: Final = 4  # elements; windows and the like are rounded up to whole quads
BIAS_OF_BYTES: Final = 128  # what weights in uint8 are more than they stand for
_BLOCKS: Final = (8, 4, 2)
_HALF: Final = 1 << 15
_SUM_LIMIT: Final = 1 << 29
_SHIFTS: Final = range(1, 21)  # to the right


def suit_requantisation(channels: Channels) -> bool:
    """Whether the short requantisation is exact for all channels."""
    fits = bool((channels.highest < _SUM_LIMIT).all() and (channels.lowest > -_SUM_LIMIT).all())
    return fits and all(m.value > 0 and -m.exponent in _SHIFTS for m in channels.multipliers)


def padded_to_quads(weights: Ints) -> Ints:
    """[channels, elements], with zeros."""
    padded: Ints = np.pad(weights, ((0, 0), (0, -weights.shape[1] % QUAD)))
    return padded


def channel_blocks(weights: Ints) -> Ints | None:
    """For each channel the largest block all of whose sums fit into int16; None where there is none for some channel.

    `weights` is [channels, depth], the depth a multiple of 4.
    """
    blocks = np.zeros(len(weights), np.int64)
    for block in _BLOCKS:
        if weights.shape[1] % block == 0:
            fits = fits_int16(weights.reshape(len(weights), -1, block)).all(axis=1)
            blocks = np.where((blocks == 0) & fits, block, blocks)
    return blocks if blocks.all() else None


def fits_int16(blocks: Ints) -> NDArray[np.bool_]:
    """Whether the products with any input fit into int16, of [channels, blocks, elements], as [channels, blocks]."""
    positive, negative = np.maximum(blocks, 0).sum(axis=2), np.maximum(-blocks, 0).sum(axis=2)
    most, least = INT8_MAX * positive - INT8_MIN * negative, INT8_MAX * negative - INT8_MIN * positive
    fits: NDArray[np.bool_] = (most < _HALF) & (least <= _HALF)
    return fits


def starts(bias: Ints, depth: int, blocks: Ints) -> NDArray[np.uint32]:
    """What the sums of channels start with whose blocks have so many of `depth` elements."""
    return starts_of(bias, depth // blocks)


def starts_of(bias: Ints, counts: Ints) -> NDArray[np.uint32]:
    """What the sums of channels start with: each of their `counts` blocks is 2^15 too large. All modulo 2^32."""
    return as_uint32(bias - counts * _HALF)


def factors(multipliers: Sequence[Multiplier]) -> NDArray[np.uint32]:
    return as_uint32(np.array([2 * multiplier.value for multiplier in multipliers], np.int64))


def shifts(multipliers: Sequence[Multiplier]) -> NDArray[np.uint8]:
    return np.array([multiplier.shift for multiplier in multipliers], np.uint8)


def as_uint32(values: Ints) -> NDArray[np.uint32]:
    """Modulo 2^32."""
    return (values & 0xFFFFFFFF).astype(np.uint32)
