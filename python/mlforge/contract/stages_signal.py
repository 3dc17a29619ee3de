"""Stages of the contract's `features` that take the signal and make a signal, as concrete numbers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias


class FilterType(StrEnum):
    LOW_PASS = "low_pass"
    HIGH_PASS = "high_pass"
    BAND_PASS = "band_pass"
    BAND_STOP = "band_stop"

    @property
    def is_band(self) -> bool:
        return self in (FilterType.BAND_PASS, FilterType.BAND_STOP)


@dataclass(frozen=True, slots=True)
class FilterSpec:
    """A Butterworth filter with -3 dB at `cutoffs_hz`: one frequency, or the two edges of a band."""

    type: FilterType
    cutoffs_hz: tuple[float, ...]
    order: int


@dataclass(frozen=True, slots=True)
class SmoothSpec:
    """Exponential moving average: y += (1 - exp(-1 / samples)) (x - y), whose step answers 63 % after `samples`."""

    samples: float


@dataclass(frozen=True, slots=True)
class PreEmphasisSpec:
    """y[n] = x[n] - factor x[n - 1]."""

    factor: float


@dataclass(frozen=True, slots=True)
class DifferenceSpec:
    """y[n] = x[n] - x[n - over]."""

    over: int


@dataclass(frozen=True, slots=True)
class RateOfChangeSpec:
    """(x[n] - x[n - over]) rate / over, in the signal's unit per second."""

    over: int
    rate_hz: float


@dataclass(frozen=True, slots=True)
class DecimateSpec:
    """Every `factor`th sample behind a low-pass of `taps` coefficients."""

    factor: int
    taps: int


MAX_PHASE_TAPS: Final = 1 << 15  # of all phases: half of them are in flash, 2 bytes each


@dataclass(frozen=True, slots=True)
class ResampleSpec:
    """`up` samples for each `down` of the signal, behind a low-pass with `taps` coefficients for each of them."""

    up: int
    down: int
    taps: int


@dataclass(frozen=True, slots=True)
class MagnitudeSpec:
    """The Euclidean norm of each group of channels (their indices); no groups: of all channels. `keep`: behind the
    channels themselves."""

    groups: tuple[tuple[int, ...], ...] = ()
    keep: bool = False


@dataclass(frozen=True, slots=True)
class EnvelopeSpec:
    """Magnitudes of samples behind a low-pass."""

    cutoff_hz: float
    order: int


@dataclass(frozen=True, slots=True)
class SquaredSlopeSpec:
    """Of the derivative over five samples, the square (Pan and Tompkins, 1985)."""


@dataclass(frozen=True, slots=True)
class MovingMeanSpec:
    """The mean of the newest `length` samples."""

    length: int


SignalStageSpec: TypeAlias = (
    FilterSpec
    | SmoothSpec
    | PreEmphasisSpec
    | DifferenceSpec
    | RateOfChangeSpec
    | DecimateSpec
    | ResampleSpec
    | MagnitudeSpec
    | EnvelopeSpec
    | SquaredSlopeSpec
    | MovingMeanSpec
)
