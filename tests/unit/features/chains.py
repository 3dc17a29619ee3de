"""Chains that between them have every stage, for a signal of three channels at 1 kHz."""

from __future__ import annotations

from mlforge.contract.stages import FftSpec, FrameSpec, LogSpec, MelSpec, Spectrum, StageSpec
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
    SmoothSpec,
    SquaredSlopeSpec,
)
from mlforge.contract.stages_spectrum import BandsSpec, PeaksSpec, Rr, RrSpec, Shape, SpectralSpec, StackSpec
from mlforge.contract.stages_tflm import NoiseReductionSpec, PcanSpec

SPECTRUM: list[StageSpec] = [FrameSpec(100, 60), FftSpec(128)]
MAGNITUDES: list[StageSpec] = [FrameSpec(60, 60), FftSpec(64, output=Spectrum.MAGNITUDE)]

CHAINS: dict[str, list[StageSpec]] = {
    "signal": [
        FilterSpec(FilterType.BAND_PASS, (5, 100), 2),
        PreEmphasisSpec(0.95),
        DifferenceSpec(3),
        SmoothSpec(4),
        MagnitudeSpec(((0, 1), (2,)), keep=True),
        DecimateSpec(2, 41),
        EnvelopeSpec(20, 1),
        SquaredSlopeSpec(),
        MovingMeanSpec(9),
    ],
    "difference": [DifferenceSpec(2)],
    "pre_emphasis": [PreEmphasisSpec(1.0), MovingMeanSpec(5)],
    "magnitude": [MagnitudeSpec(), FilterSpec(FilterType.LOW_PASS, (0.5,), 8)],
    "decimate": [DecimateSpec(3, 61), DecimateSpec(2, 3)],
    "squares": [SquaredSlopeSpec()],
    "envelope": [EnvelopeSpec(5, 4)],
    "statistics": [FrameSpec(100, 50), StatisticsSpec(tuple(Statistic))],
    "statistics of few samples": [FrameSpec(2, 2), StatisticsSpec(tuple(Statistic))],
    "statistics of a filter": [
        FilterSpec(FilterType.LOW_PASS, (50,), 2),
        FrameSpec(64, 64),
        StatisticsSpec((Statistic.RMS, Statistic.KURTOSIS)),
    ],
    "bands": [*SPECTRUM, BandsSpec((0, 20, 100, 500)), LogSpec(), StackSpec(3)],
    "shares": [*MAGNITUDES, BandsSpec((10, 50, 200, 499), share=True)],
    "shape": [*SPECTRUM, SpectralSpec(tuple(Shape))],
    "shape of magnitudes": [*MAGNITUDES, SpectralSpec(tuple(Shape))],
    "peaks": [*SPECTRUM, PeaksSpec(5), StackSpec(2)],
    "beats": [FrameSpec(300, 200), RrSpec(tuple(Rr), 8, 0.3)],
    "rate of change": [RateOfChangeSpec(7, 1000)],
    "noise": [*MAGNITUDES, MelSpec(8, 20, 500), NoiseReductionSpec(), PcanSpec(0.95, 0.5)],
    "filter": [FilterSpec(FilterType.BAND_STOP, (49, 51), 4), FilterSpec(FilterType.HIGH_PASS, (0.3,), 3)],
}
