"""Chains that between them have every stage, for a signal of three channels at 1 kHz."""

from __future__ import annotations

from mlforge.contract.stages import FrameSpec, StageSpec
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
    SmoothSpec,
    SquaredSlopeSpec,
)

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
    "filter": [FilterSpec(FilterType.BAND_STOP, (49, 51), 4), FilterSpec(FilterType.HIGH_PASS, (0.3,), 3)],
}
