"""Stages of the contract's `features` that describe spectra, beats, and columns in their context."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final, TypeAlias


@dataclass(frozen=True, slots=True)
class BandsSpec:
    """Sums of the bins from each of `edges_hz` up to the next one; with `share`, over the sum of all of them."""

    edges_hz: tuple[float, ...]
    share: bool = False


CURE_OF_EMPTY: Final = "wider bands, a larger fft, or a longer frame"


def bins_of(edges_hz: Sequence[float], width_hz: float, bins: int) -> tuple[int, ...]:
    """The first bin of each band, and the one behind the last band: half the rate, as the last edge, is within."""
    edges = [math.ceil(round(edge / width_hz, 9)) for edge in edges_hz]
    if edges[-1] == bins - 1:
        edges[-1] = bins
    return tuple(edges)


def empty_band(edges_hz: Sequence[float], edges: Sequence[int], width_hz: float) -> str:
    """What is wrong with bands of which one has no bin; else empty."""
    for band, (low, high) in enumerate(pairwise(edges)):
        if low >= high:
            found = f"{edges_hz[band]:g} Hz to {edges_hz[band + 1]:g} Hz, which has no bin"
            return f"the band {found}: bins are {width_hz:.3g} Hz apart"
    return ""


class Shape(StrEnum):
    """Of a spectrum's values p at the frequencies f. In the order of `enum mlforge_shape`."""

    CENTROID = "centroid"  # c = sum of f p / sum of p
    SPREAD = "spread"  # sqrt(sum of (f - c)^2 p / sum of p)
    ROLLOFF = "rolloff"  # the lowest f up to which 85 % of the sum of p lie


@dataclass(frozen=True, slots=True)
class SpectralSpec:
    of: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class PeaksSpec:
    """Frequency and level in dB of the `count` largest local maxima, the largest first."""

    count: int


class Rr(StrEnum):
    """Of the times between beats. In the order of `enum mlforge_rr`."""

    MEAN = "mean"
    DEVIATION = "deviation"  # SDNN
    RMSSD = "rmssd"  # root of the mean square of differences between neighbours
    MIN = "min"
    MAX = "max"


@dataclass(frozen=True, slots=True)
class RrSpec:
    """Beats are local maxima above `threshold` of the frame's largest sample, `refractory` samples apart at least."""

    of: tuple[Rr, ...]
    refractory: int
    threshold: float


@dataclass(frozen=True, slots=True)
class StackSpec:
    """Each column behind the `columns` - 1 in front of it."""

    columns: int


SpectrumStageSpec: TypeAlias = BandsSpec | SpectralSpec | PeaksSpec | RrSpec | StackSpec
