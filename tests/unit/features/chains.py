"""Chains that between them have every stage, for a signal of three channels at 1 kHz."""

from __future__ import annotations

from mlforge.contract.stages import BranchesSpec, FftSpec, FrameSpec, LogSpec, MelSpec, Spectrum, StageSpec
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
from mlforge.contract.stages_tflm import NoiseReductionSpec, PcanSpec
from mlforge.contract.stages_user import UserSpec

# Stages of an application's own: the two largest samples of each channel's frame; and what leaks from sample to sample.
USER_CODE = """\
#include <mlforge/user_stage.h>

void two_largest(const struct mlforge_user_block *block, int32_t *made, void *state)
{
	(void)state;
	for (uint32_t channel = 0; channel < block->channels; channel++) {
		int32_t first = INT32_MIN, second = INT32_MIN;

		for (uint32_t row = 0; row < block->rows; row++) {
			const int32_t value = mlforge_user_value(block, row, channel);

			if (value > first) {
				second = first;
				first = value;
			} else if (value > second) {
				second = value;
			}
		}
		made[channel] = first;
		made[block->channels + channel] = second;
	}
}

void leaky(const struct mlforge_user_block *block, int32_t *made, void *state)
{
	int32_t *kept = state;

	for (uint32_t channel = 0; channel < block->channels; channel++) {
		kept[channel] = kept[channel] / 2 + mlforge_user_value(block, 0, channel) / 2;
		made[channel] = kept[channel];
	}
}
"""
USER_FILE = "src/own.c"
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
    "resample": [ResampleSpec(2, 5, 50), DecimateSpec(2, 3)],
    "resample by many phases": [DifferenceSpec(1), ResampleSpec(7, 9, 25), DecimateSpec(7, 15)],
    "frames of a resampled signal": [ResampleSpec(3, 4, 28), FrameSpec(30, 30), StatisticsSpec((Statistic.RMS,))],
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
    "16 bits": [FrameSpec(100, 60), FftSpec(128, bits=16), LogSpec()],
    "16 bits, radix 2": [FrameSpec(60, 60), FftSpec(64, output=Spectrum.MAGNITUDE, bits=16)],
    "branches": [
        BranchesSpec(
            (
                (FrameSpec(100, 50), StatisticsSpec((Statistic.RMS, Statistic.KURTOSIS))),
                (MagnitudeSpec(), FrameSpec(100, 50), FftSpec(128, bits=16), LogSpec()),
                (FrameSpec(100, 50), FftSpec(128), BranchesSpec(((BandsSpec((0, 100)),), (PeaksSpec(1),)))),
            )
        )
    ],
    "peaks": [*SPECTRUM, PeaksSpec(5), StackSpec(2)],
    "beats": [FrameSpec(300, 200), RrSpec(tuple(Rr), 8, 0.3)],
    "rate of change": [RateOfChangeSpec(7, 1000)],
    "noise": [*MAGNITUDES, MelSpec(8, 20, 500), NoiseReductionSpec(), PcanSpec(0.95, 0.5)],
    "user": [
        UserSpec(USER_FILE, "leaky", USER_CODE, 1, state_bytes=16),
        FrameSpec(20, 10),
        UserSpec(USER_FILE, "two_largest", USER_CODE, 2),
        StackSpec(2),
    ],
    "user of samples": [FrameSpec(30, 30), UserSpec(USER_FILE, "two_largest", USER_CODE, 2, frac_bits=3)],
    "filter": [FilterSpec(FilterType.BAND_STOP, (49, 51), 4), FilterSpec(FilterType.HIGH_PASS, (0.3,), 3)],
}
