"""Stages of the contract's `features`: what was asked for, as concrete numbers. Lengths are in samples (before `frame`)
or in columns (behind it); times were resolved with the signal's rate."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final, TypeAlias

from mlforge.contract.stages_frames import FrameStageSpec
from mlforge.contract.stages_signal import DecimateSpec, ResampleSpec, SignalStageSpec
from mlforge.contract.stages_spectrum import SpectrumStageSpec, StackSpec
from mlforge.contract.stages_tflm import Like, TflmStageSpec
from mlforge.contract.stages_user import UserSpec


class Taper(StrEnum):
    """Window functions, periodic, of n samples (i = 0 .. n - 1)."""

    HANN = "hann"  # 0.5 - 0.5 cos(2 pi i / n)
    HAMMING = "hamming"  # 0.54 - 0.46 cos(2 pi i / n)
    NONE = "none"  # 1


class Spectrum(StrEnum):
    POWER = "power"
    MAGNITUDE = "magnitude"


class MelScale(StrEnum):
    HTK = "htk"  # 2595 log10(1 + f / 700)
    SLANEY = "slaney"  # linear below 1 kHz, logarithmic above


class MelNorm(StrEnum):
    NONE = "none"  # each filter's peak is 1
    SLANEY = "slaney"  # each filter's area is that of the first: 2 / (its width in Hz)


class LogScale(StrEnum):
    LOG2 = "log2"
    DB = "dB"


class Layout(StrEnum):
    """How columns form the model's input."""

    PICTURE = "picture"  # (columns, rows, channels)
    SERIES = "series"  # (columns, 1, rows * channels)


@dataclass(frozen=True, slots=True)
class WindowSpec:
    """Cuts a recording into overlapping stretches: of frames, or of columns where there are some."""

    length: int
    hop: int
    layout: Layout = Layout.PICTURE


class Statistics(StrEnum):
    """What counts as the middle and the deviation of values."""

    PLAIN = "plain"  # mean and standard deviation
    ROBUST = "robust"  # median and 1.4826 times the median absolute deviation: a few glitches have no say


ROBUST_CLIP: Final = 8.0  # deviations; of a normal distribution no value is beyond that


@dataclass(frozen=True, slots=True)
class StandardiseSpec:
    """Zero mean and unit deviation for each channel (each value of a column), over the training split. Values beyond
    `clip` deviations are trained with as if they stood there, and int8 saturates there; 0 is no such end."""

    statistics: Statistics = Statistics.PLAIN
    clip: float = 0.0


@dataclass(frozen=True, slots=True)
class FrameSpec:
    """Overlapping stretches of `length` samples, one every `hop`; hop is at most length."""

    length: int
    hop: int


@dataclass(frozen=True, slots=True)
class FftSpec:
    """Taper and Fourier transform of each stretch: size / 2 + 1 bins. `size` is a power of two, at least the length;
    it computes in `bits`, 32 or 16."""

    size: int
    taper: Taper = Taper.HANN
    output: Spectrum = Spectrum.POWER
    like: Like = Like.MLFORGE
    bits: int = 32


@dataclass(frozen=True, slots=True)
class MelSpec:
    """Triangular filters, evenly spaced on the mel scale from `low_hz` to `high_hz`."""

    bands: int
    low_hz: float
    high_hz: float
    scale: MelScale = MelScale.HTK
    norm: MelNorm = MelNorm.NONE
    like: Like = Like.MLFORGE


@dataclass(frozen=True, slots=True)
class LogSpec:
    """Logarithm of each value, of powers: dB are 10 log10 of powers and 20 log10 of magnitudes. `floor` is the least
    value that counts, 0 for the resolution of the transform."""

    scale: LogScale = LogScale.DB
    floor: float = 0.0
    like: Like = Like.MLFORGE


@dataclass(frozen=True, slots=True)
class DctSpec:
    """The first coefficients of the discrete cosine transform, type II, orthonormal."""

    coefficients: int


@dataclass(frozen=True, slots=True)
class DeltaSpec:
    """Behind each column its slope over `width` columns around it: 3, 5, 7 or 9."""

    width: int = 5


@dataclass(frozen=True, slots=True)
class BranchesSpec:
    """What each chain makes of the same block, one behind the other; a chain of no stages is the block itself."""

    branches: tuple[tuple[StageSpec, ...], ...]


StageSpec: TypeAlias = (
    WindowSpec
    | StandardiseSpec
    | FrameSpec
    | FftSpec
    | MelSpec
    | LogSpec
    | DctSpec
    | DeltaSpec
    | SignalStageSpec
    | FrameStageSpec
    | TflmStageSpec
    | SpectrumStageSpec
    | UserSpec
    | BranchesSpec
)


StageSetting: TypeAlias = tuple[str, int | float | str | bool]  # such as ("mel.bands", 40)


def each_spec(stages: Iterable[StageSpec]) -> Iterator[StageSpec]:
    """The stages, and those of their branches."""
    for stage in stages:
        yield stage
        if isinstance(stage, BranchesSpec):
            for branch in stage.branches:
                yield from each_spec(branch)


def reach_of_chain(stages: Iterable[StageSpec]) -> tuple[int | Fraction, int | Fraction]:
    """How many samples the first block of a chain takes, and how many further ones the next, on average."""
    span: int | Fraction = 1
    hop: int | Fraction = 1
    for stage in stages:
        length, step = _reach(stage)
        span, hop = span + (length - 1) * hop, hop * step
    return span, hop


def _reach(stage: StageSpec) -> tuple[int | Fraction, int | Fraction]:
    """How many blocks a stage makes one of, and how many further ones it takes for the next, on average."""
    if isinstance(stage, BranchesSpec):
        return reach_of_chain(stage.branches[0]) if stage.branches else (1, 1)
    if isinstance(stage, FrameSpec):
        return stage.length, stage.hop
    if isinstance(stage, DecimateSpec):
        return stage.factor, stage.factor
    if isinstance(stage, ResampleSpec):
        return Fraction(stage.down, stage.up), Fraction(stage.down, stage.up)
    if isinstance(stage, WindowSpec):
        return stage.length, stage.hop
    if isinstance(stage, StackSpec):
        return stage.columns, 1
    return (stage.width, 1) if isinstance(stage, DeltaSpec) else (1, 1)


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """One chain of stages. `settings` are what was chosen to get it, empty where the contract leaves no choice."""

    settings: tuple[StageSetting, ...]
    stages: tuple[StageSpec, ...]

    @property
    def name(self) -> str:
        """What distinguishes it from the contract's other front ends, such as "mel.bands=40 dct.coefficients=13"."""
        return " ".join(f"{key}={value}" for key, value in self.settings)

    @property
    def samples_needed(self) -> int:
        """Of a recording, for one model input; 1 where each recording is one."""
        return math.ceil(self._span_and_hop[0])

    @property
    def samples_between(self) -> int:
        """From one model input to the next."""
        return math.ceil(self._span_and_hop[1])

    @property
    def uneven(self) -> int:
        """How many model inputs take a whole number of samples: 1 but behind `resample`, where it may be more."""
        return Fraction(self._span_and_hop[1]).denominator

    @property
    def _span_and_hop(self) -> tuple[int | Fraction, int | Fraction]:
        return reach_of_chain(self.stages)


class Gaps(StrEnum):
    """What frames that the device lost do to its results: nothing; they are marked while the gap is in their window;
    there are none before a whole window has come behind it."""

    KEEP = "keep"
    FLAG = "flag"
    RESTART = "restart"


@dataclass(frozen=True, slots=True)
class SignalSpec:
    """What the sensor delivers. `samples` is how the device has it, "int16" or "int32"; `frac_bits` what its samples
    are scaled by (a WAV file's: 15), None where the training data decide."""

    rate_hz: int
    channels: tuple[str, ...] = ()
    unit: str = ""
    samples: str = "int32"
    frac_bits: int | None = None
    gaps: Gaps = Gaps.KEEP
