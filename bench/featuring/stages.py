"""Counts of single stages on an emulated core: what a chain executes beyond the same chain without the stage."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from featuring.measure import CORES
from mlforge.contract import StageSpec, StandardiseSpec
from mlforge.contract.stages import (
    DctSpec,
    DeltaSpec,
    FftSpec,
    FrameSpec,
    LogSpec,
    MelSpec,
    SignalSpec,
    Spectrum,
    WindowSpec,
)
from mlforge.contract.stages_frames import Statistic, StatisticsSpec
from mlforge.contract.stages_signal import (
    DecimateSpec,
    DifferenceSpec,
    EnvelopeSpec,
    FilterSpec,
    FilterType,
    MagnitudeSpec,
    MovingMeanSpec,
    PreEmphasisSpec,
    RateOfChangeSpec,
    ResampleSpec,
    SmoothSpec,
    SquaredSlopeSpec,
)
from mlforge.contract.stages_spectrum import BandsSpec, PeaksSpec, Rr, RrSpec, Shape, SpectralSpec, StackSpec
from mlforge.contract.stages_tflm import Like, NoiseReductionSpec, PcanSpec, TflmScaleSpec
from mlforge.errors import ForgeError
from mlforge.features import Pipeline, emit, fit
from mlforge.targets.counting import functions
from mlforge.targets.registry import target_named
from mlforge.targets.target import Profile
from tests.programs import tiny
from tests.unit.features.signals import signals

RATE_HZ = 16_000
MIC = SignalSpec(RATE_HZ, ("mic",), "", "int16", 15)
SIGNAL = signals(RATE_HZ // 2, RATE_HZ)["noise"]
FRAMES: list[StageSpec] = [FrameSpec(480, 320)]
FFT = [*FRAMES, FftSpec(512)]
MAGNITUDES = [*FRAMES, FftSpec(512, output=Spectrum.MAGNITUDE)]
MEL = [*FFT, MelSpec(40, 20, 8000)]
LOG = [*MEL, LogSpec()]
TFLM_FFT = [*FRAMES, FftSpec(512, like=Like.TFLM)]
TFLM_MEL = [*TFLM_FFT, MelSpec(40, 125, 7500, like=Like.TFLM)]
NOISE = [*TFLM_MEL, NoiseReductionSpec()]
PCAN = [*NOISE, PcanSpec()]
TFLM_LOG = [*PCAN, LogSpec(like=Like.TFLM)]
TIME = tuple(Statistic)
# What stands in front, and the stage, as it is called in the table.
CASES: dict[str, tuple[list[StageSpec], StageSpec]] = {
    "`filter` (band_pass, order 2)": ([], FilterSpec(FilterType.BAND_PASS, (300, 3000), 2)),
    "`dc`": ([], FilterSpec(FilterType.HIGH_PASS, (20,), 1)),
    "`pre_emphasis`": ([], PreEmphasisSpec(0.97)),
    "`difference`": ([], DifferenceSpec(1)),
    "`rate_of_change`": ([], RateOfChangeSpec(10, RATE_HZ)),
    "`ema`": ([], SmoothSpec(64)),
    "`moving_mean` (64)": ([], MovingMeanSpec(64)),
    "`decimate` (4, 81 taps)": ([], DecimateSpec(4, 81)),
    "`resample` (2 / 5, 56 taps)": ([], ResampleSpec(2, 5, 56)),
    "`magnitude`": ([], MagnitudeSpec()),
    "`envelope` (order 2)": ([], EnvelopeSpec(500, 2)),
    "`squared_slope`": ([], SquaredSlopeSpec()),
    "`frame` (480, 320)": ([], FRAMES[0]),
    "`statistics` (rms)": (FRAMES, StatisticsSpec((Statistic.RMS,))),
    "`statistics` (all 14)": (FRAMES, StatisticsSpec(TIME)),
    "`rr`": (FRAMES, RrSpec(tuple(Rr), 20, 0.3)),
    "`fft` (512)": (FRAMES, FFT[1]),
    "`bands` (4)": (FFT, BandsSpec((0, 500, 1000, 3000, 8000))),
    "`spectral` (all 3)": (FFT, SpectralSpec(tuple(Shape))),
    "`peaks` (3)": (FFT, PeaksSpec(3)),
    "`mel` (40)": (FFT, MEL[2]),
    "`log` (40)": (MEL, LOG[3]),
    "`dct` (10)": (LOG, DctSpec(10)),
    "`delta` (5)": (LOG, DeltaSpec(5)),
    "`stack` (5)": (LOG, StackSpec(5)),
    "`standardise` (40)": (LOG, StandardiseSpec()),
    "`fft` like tflm (512)": (FRAMES, TFLM_FFT[1]),
    "`mel` like tflm (40)": (TFLM_FFT, TFLM_MEL[2]),
    "`noise_reduction` (40)": (TFLM_MEL, NOISE[3]),
    "`pcan` (40)": (NOISE, PCAN[4]),
    "`log` like tflm (40)": (PCAN, TFLM_LOG[5]),
    "`tflm_scale` (40)": (TFLM_LOG, TflmScaleSpec()),
}


@dataclass(frozen=True, slots=True)
class StageCost:
    """`a_second` instructions for a second of the signal, by core."""

    name: str
    a_second: dict[str, float]


def measure_stages(cores: list[str]) -> list[StageCost]:
    return [StageCost(name, {core: _cost(core, *case) for core in cores}) for name, case in CASES.items()]


def _cost(core: str, before: list[StageSpec], stage: StageSpec) -> float:
    """What a chain executes beyond the one without the stage; `frame` has names of its own."""
    found, seconds = _counts(core, [*before, stage])
    if isinstance(stage, FrameSpec):
        return sum(count for name, count in found.items() if name.startswith(FRAMER)) / seconds
    framed = before == FRAMES
    base, base_seconds = (Counter[str](), 1.0) if framed else _counts(core, before)
    others = [*BETWEEN, *(FRAMER if framed else ())]
    if not isinstance(stage, StandardiseSpec):
        others.append("mlforge_standardise")
    return sum(
        max(0.0, count / seconds - base[name] / base_seconds)
        for name, count in found.items()
        if not name.startswith(tuple(others))
    )


# What every chain has, and what `frame` is made of.
BETWEEN = ("mlforge_quantise", "mlforge_window", "mlforge_level", "mlforge_features")
FRAMER = ("mlforge_framer", "mem")
_SEEN: dict[tuple[str, str], tuple[Counter[str], float]] = {}


def _counts(core: str, stages: list[StageSpec]) -> tuple[Counter[str], float]:
    """Instructions by function, and the seconds of signal for which they were executed."""
    pipeline = _fitted(stages)
    key = (core, pipeline.digest)
    if key not in _SEEN:
        _SEEN[key] = _run(core, pipeline)
    return _SEEN[key]


def _fitted(stages: list[StageSpec]) -> Pipeline:
    """A model input is a column, or 40 samples. Behind frames, and what differs in unit, some stage must stand."""
    framed = any(isinstance(one, FrameSpec) for one in stages)
    window = WindowSpec(1, 1) if framed else WindowSpec(40, 40)
    specs = list(stages)
    if specs and isinstance(specs[-1], FrameSpec):
        specs.append(FftSpec(512))
    if specs and isinstance(specs[-1], StatisticsSpec | PeaksSpec):
        specs.append(StandardiseSpec())
    return fit([*specs, window], [SIGNAL], MIC).with_quantisation(0.25, 0)


def _run(core: str, pipeline: Pipeline) -> tuple[Counter[str], float]:
    plain = tiny()
    sources = {**plain.sources, **emit(pipeline, "ours")}
    program = replace(plain, sources=sources, pipeline_symbol="ours_pipeline", pipeline_header="ours_pipeline.h")
    target = target_named(CORES[core])
    firmware = target.build(program)
    frames = pipeline.to_frames(SIGNAL)[: pipeline.frames_for(9)]
    profile = target.profile(firmware, np.zeros((1, firmware.program.input_bytes), np.int8), frames)
    if not isinstance(profile, Profile):
        raise ForgeError(f"{core} counts nothing")
    image = functions(firmware.elf)
    starts = [function.start for function in image]
    found: Counter[str] = Counter()
    windows = profile.features[1:]  # the first one has more samples
    for block in (block for window in windows for block in window.blocks):
        found[image[bisect_right(starts, block.address) - 1].name] += block.instructions * block.executed
    hop = pipeline.window.hop * pipeline.flows[-1].hop
    return found, float(len(windows) * hop / RATE_HZ)
