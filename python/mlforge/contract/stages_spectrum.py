"""Stages of the contract's `features` that describe spectra, beats, and columns in their context."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class BandsSpec:
    """Sums of the bins from each of `edges_hz` up to the next one; with `share`, over the sum of all of them."""

    edges_hz: tuple[float, ...]
    share: bool = False


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
