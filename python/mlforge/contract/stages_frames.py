"""Stages of the contract's `features` that describe frames of the signal by numbers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Statistic(StrEnum):
    """Of the n samples x of a frame, with mean m, and d = x - m. In the order of `enum mlforge_statistic`."""

    MEAN = "mean"
    RMS = "rms"  # sqrt(mean of x^2)
    DEVIATION = "deviation"  # sqrt(mean of d^2)
    MIN = "min"
    MAX = "max"
    PEAK_TO_PEAK = "peak_to_peak"  # max - min
    SLOPE = "slope"  # of the line of least squares: its rise over the frame
    CREST = "crest"  # max |x| / rms
    SKEW = "skew"  # mean of d^3 / deviation^3
    KURTOSIS = "kurtosis"  # mean of d^4 / deviation^4 - 3
    ZERO_CROSSINGS = "zero_crossings"  # share of neighbours of which one is below 0
    MEAN_CROSSINGS = "mean_crossings"  # share of neighbours of which one is below the mean
    MOBILITY = "mobility"  # Hjorth: deviation of differences / deviation
    COMPLEXITY = "complexity"  # Hjorth: mobility of differences / mobility

    @property
    def has_unit(self) -> bool:
        """Whether it has the unit of the samples."""
        return self in tuple(Statistic)[:7]


@dataclass(frozen=True, slots=True)
class StatisticsSpec:
    """Statistics of each channel of a frame, in their order."""

    of: tuple[Statistic, ...]


FrameStageSpec: TypeAlias = StatisticsSpec
