"""Which function makes which stage of the contract, for stages that depend on what they are given alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from mlforge.contract.stages import DctSpec, DeltaSpec, FftSpec, FrameSpec, LogSpec, MelSpec
from mlforge.contract.stages_frames import StatisticsSpec
from mlforge.contract.stages_signal import (
    DecimateSpec,
    DifferenceSpec,
    EnvelopeSpec,
    FilterSpec,
    MagnitudeSpec,
    MovingMeanSpec,
    RateOfChangeSpec,
    ResampleSpec,
    SmoothSpec,
)
from mlforge.contract.stages_spectrum import BandsSpec, PeaksSpec, RrSpec, SpectralSpec, StackSpec
from mlforge.contract.stages_tflm import PcanSpec, TflmScaleSpec
from mlforge.contract.stages_user import UserSpec
from mlforge.errors import DataError
from mlforge.features.bands import make_bands
from mlforge.features.beats import make_beats
from mlforge.features.chain import FittedStage
from mlforge.features.dct import make_dct
from mlforge.features.delta import make_delta
from mlforge.features.difference import make_difference, make_rate_of_change
from mlforge.features.fft import Fft
from mlforge.features.fft16 import Fft16
from mlforge.features.filter import make_envelope, make_filter, make_smooth
from mlforge.features.flow import Flow
from mlforge.features.framer import make_framer
from mlforge.features.log import make_log
from mlforge.features.magnitude import make_magnitude
from mlforge.features.mel import make_mel
from mlforge.features.moving_mean import make_moving_mean
from mlforge.features.pcan import make_pcan
from mlforge.features.resample import make_decimate, make_resample
from mlforge.features.spectral import make_peaks, make_spectral
from mlforge.features.stack import make_stack
from mlforge.features.statistics import make_statistics
from mlforge.features.tflm_bands import make_tflm_bands
from mlforge.features.tflm_levels import TflmScale, make_tflm_levels
from mlforge.features.tflm_spectrum import make_tflm_spectrum
from mlforge.features.user import make_user

NARROW_BITS: Final = 16


def _fft(spec: FftSpec, flow: Flow) -> FittedStage:
    """Raises DataError where blocks are longer than the transform."""
    if spec.like.foreign:
        return make_tflm_spectrum(spec, flow)
    if flow.rows > spec.size:
        raise DataError(f"frames of {flow.rows} samples are longer than the transform's {spec.size}")
    kind = Fft16 if spec.bits == NARROW_BITS else Fft
    return kind(spec.size, flow.rows, spec.taper, spec.output)


def _mel(spec: MelSpec, flow: Flow) -> FittedStage:
    return make_tflm_bands(spec, flow) if spec.like.foreign else make_mel(spec, flow)


def _log(spec: LogSpec, flow: Flow) -> FittedStage:
    return make_tflm_levels(flow) if spec.like.foreign else make_log(spec, flow)


def _tflm_scale(spec: TflmScaleSpec, flow: Flow) -> FittedStage:
    return TflmScale()


MAKERS: Final[Mapping[type, Callable[[Any, Flow], FittedStage]]] = {
    FrameSpec: make_framer,
    FftSpec: _fft,
    MelSpec: _mel,
    LogSpec: _log,
    DctSpec: make_dct,
    DeltaSpec: make_delta,
    FilterSpec: make_filter,
    EnvelopeSpec: make_envelope,
    SmoothSpec: make_smooth,
    DifferenceSpec: make_difference,
    DecimateSpec: make_decimate,
    ResampleSpec: make_resample,
    MagnitudeSpec: make_magnitude,
    MovingMeanSpec: make_moving_mean,
    StatisticsSpec: make_statistics,
    PcanSpec: make_pcan,
    RateOfChangeSpec: make_rate_of_change,
    BandsSpec: make_bands,
    SpectralSpec: make_spectral,
    PeaksSpec: make_peaks,
    RrSpec: make_beats,
    StackSpec: make_stack,
    UserSpec: make_user,
    TflmScaleSpec: _tflm_scale,
}
