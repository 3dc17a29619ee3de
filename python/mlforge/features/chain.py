"""The stages that there are, and what passes between them in a chain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from mlforge.errors import DataError
from mlforge.features.bands import Bands
from mlforge.features.beats import Beats
from mlforge.features.dct import Dct
from mlforge.features.delta import Delta
from mlforge.features.difference import Difference
from mlforge.features.fft import Fft
from mlforge.features.fft16 import Fft16
from mlforge.features.filter import Filter
from mlforge.features.flow import Flow
from mlforge.features.framer import Framer
from mlforge.features.level import Level
from mlforge.features.log import Log
from mlforge.features.magnitude import Magnitude
from mlforge.features.mel import Mel
from mlforge.features.moving_mean import MovingMean
from mlforge.features.noise_reduction import NoiseReduction
from mlforge.features.pcan import Pcan
from mlforge.features.pre_emphasis import PreEmphasis
from mlforge.features.rectify import Rectify
from mlforge.features.resample import Resample
from mlforge.features.spectral import Peaks, Spectral
from mlforge.features.squared_slope import SquaredSlope
from mlforge.features.stack import Stack
from mlforge.features.stage import Stage
from mlforge.features.standardise import Standardise
from mlforge.features.statistics import FrameStatistics
from mlforge.features.tflm_bands import TflmBands
from mlforge.features.tflm_levels import TflmLevels, TflmScale
from mlforge.features.tflm_spectrum import TflmSpectrum
from mlforge.features.user import User

FittedStage: TypeAlias = (
    Standardise
    | Framer
    | Fft
    | Fft16
    | Mel
    | Log
    | Level
    | Dct
    | Delta
    | Filter
    | PreEmphasis
    | Difference
    | Resample
    | Magnitude
    | Rectify
    | SquaredSlope
    | MovingMean
    | FrameStatistics
    | TflmSpectrum
    | TflmBands
    | NoiseReduction
    | Pcan
    | TflmLevels
    | TflmScale
    | Bands
    | Spectral
    | Peaks
    | Beats
    | Stack
    | User
)


def flows_of(source: Flow, stages: Sequence[Stage]) -> tuple[Flow, ...]:
    """The signal, and what each stage makes of what the one before it makes.

    Raises:
        DataError: a stage cannot take what it is given, or an intermediate might overflow.
    """
    flows = [source]
    for stage in stages:
        flows.append(stage.output(flows[-1]))
    if flows[-1].exponents is not None or flows[-1].noise_bits is not None or (stages and stages[-1].keeps_output):
        raise DataError("a feature pipeline cannot end here: its last stage makes no values of one fixed point")
    return tuple(flows)
