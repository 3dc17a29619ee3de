"""Front ends of TensorFlow Lite Micro's kind, and streams to run through them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlforge.contract.stages import FftSpec, FrameSpec, LogSpec, MelSpec, SignalSpec, StageSpec, WindowSpec
from mlforge.contract.stages_tflm import Like, NoiseReductionSpec, PcanSpec, TflmScaleSpec
from mlforge.features import Pipeline, fit

from .signals import FULL, signals

MIC = SignalSpec(16_000, ("mic",), "", "int16", 15)
SCALE, ZERO_POINT = 26 / 255, -128  # of the inputs of micro_speech and of microWakeWord's models


def chain(like: Like, length: int = 480, hop: int = 320, size: int = 512, bands: int = 40) -> list[StageSpec]:
    high = 7500.0 if size >= 512 else 7000.0
    return [
        FrameSpec(length, hop),
        FftSpec(size, like=like),
        MelSpec(bands, 125, high, like=like),
        NoiseReductionSpec(),
        PcanSpec(),
        LogSpec(like=like),
    ]


def scaled(like: Like, hop: int, columns: int, step: int) -> Pipeline:
    """The whole front end, with the quantisation of the public models."""
    stages = [*chain(like, hop=hop), TflmScaleSpec(), WindowSpec(columns, step)]
    return fit(stages, [np.zeros((40_000, 1))], MIC).with_quantisation(SCALE, ZERO_POINT)


def streams(seconds: int = 2) -> dict[str, NDArray[np.int16]]:
    """Each of `signals`, alone, and all behind each other."""
    made = {name: _stored(values) for name, values in signals(16_000 * seconds, 16_000).items()}
    lows = np.zeros((16_000 * seconds, 1))
    lows[3_000::4_100] = -1.0
    lows[11_000::9_100] = FULL
    made["lowest pulses"] = _stored(lows)
    return {**made, "all": np.concatenate(list(made.values()))}


def _stored(values: NDArray[np.float64]) -> NDArray[np.int16]:
    return np.clip(np.rint(values[:, 0] * 32768), -32768, 32767).astype(np.int16)
