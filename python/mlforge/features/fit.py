"""Fits a pipeline to the training split: statistics by channel, and a fixed point that its values fit into."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlforge.contract import StageSpec, StandardiseSpec, WindowSpec
from mlforge.errors import DataError
from mlforge.features.pipeline import FRAC_BITS_RANGE, Pipeline, PointStage
from mlforge.features.standardise import fit_standardise
from mlforge.features.window import Window

HEADROOM_BITS: Final = 3  # values up to eight times the largest of the training split do not saturate
RESOLUTION_BITS: Final = 15  # steps in the deviation of the quietest channel
DEFAULT_FRAC_BITS: Final = 16
LEAST_STEPS: Final = 64  # in the deviation of the liveliest channel


def fit(spec: Sequence[StageSpec], signals: Sequence[NDArray[Any]]) -> Pipeline:
    """The pipeline for the contract's `features`, fitted to training recordings and nothing else.

    With a window stage, recordings are [frames, channels] and a model input is (length, 1, channels). Without one, each
    recording is one example: [features] gives (features,), [frames, channels] gives (frames, 1, channels), and
    [height, width, channels] keeps its shape.

    Raises:
        DataError: no recordings, shapes that do not go together or with the stages, none as long as the window.
    """
    if not signals:
        raise DataError("no training recordings to fit the features to")
    window = next((stage for stage in spec if isinstance(stage, WindowSpec)), None)
    cut, shape, channels = _cut(window, [signal.shape for signal in signals])
    mean, deviation, largest = _statistics(signals, channels)
    frac_bits = _frac_bits(largest, deviation)
    stages: list[PointStage] = [
        fit_standardise(mean, deviation, frac_bits) for stage in spec if isinstance(stage, StandardiseSpec)
    ]
    return Pipeline(channels, shape, frac_bits, tuple(stages), cut)


def _cut(window: WindowSpec | None, shapes: Sequence[tuple[int, ...]]) -> tuple[Window, tuple[int, ...], int]:
    """The window, the model input's shape, and the values in a frame."""
    first = shapes[0]
    if window is not None:
        if any(len(shape) != 2 or shape[1] != first[1] for shape in shapes):
            raise DataError(f"a window needs recordings of [frames, channels], found shape {first}")
        if all(shape[0] < window.length for shape in shapes):
            longest = max(shape[0] for shape in shapes)
            raise DataError(f"the longest recording has {longest} frames, the window needs {window.length}")
        return Window(window.length, window.hop), (window.length, 1, first[1]), first[1]
    if math.prod(first) == 0:
        raise DataError(f"an empty recording, of shape {first}")
    for shape in shapes:
        if shape != first:
            hint = "add a `window` stage to cut recordings into inputs of one length"
            raise DataError(f"recordings of different shapes, {shape} and {first}", hint=hint)
    channels = first[-1]
    length = math.prod(first) // channels
    return Window(length, length), (first if len(first) != 2 else (first[0], 1, first[1])), channels


def _statistics(
    signals: Sequence[NDArray[Any]], channels: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Mean and deviation by channel, float64 [channels], and the largest magnitude (two passes, for precision)."""
    frames = [np.asarray(signal, dtype=np.float64).reshape(-1, channels) for signal in signals]
    largest = max(float(np.abs(part).max()) for part in frames)
    if not math.isfinite(largest):
        raise DataError("a training recording with values that are not finite")
    count = sum(len(part) for part in frames)
    mean = sum((part.sum(axis=0) for part in frames), np.zeros(channels)) / count
    square = sum((np.square(part - mean).sum(axis=0) for part in frames), np.zeros(channels)) / count
    return mean, np.sqrt(square), largest


def _frac_bits(largest: float, deviation: NDArray[np.float64]) -> int:
    """As many fraction bits as the quietest channel needs, if the loudest then still fits into int32."""
    room = 31 - HEADROOM_BITS - math.frexp(largest)[1]
    moving = deviation[deviation > largest * 2.0**-26]  # below that a channel is constant but for rounding
    quietest = float(moving.min()) if len(moving) else 1.0
    wanted = max(DEFAULT_FRAC_BITS, RESOLUTION_BITS + 1 - math.frexp(quietest)[1])
    low, high = FRAC_BITS_RANGE
    bits = max(low, min(room, wanted, high))
    steps = math.ldexp(float(deviation.max()), bits)
    if room < low or (0 < steps < LEAST_STEPS and bits == high):
        kind = "large" if room < low else "small"
        raise DataError(
            f"the values are too {kind} for 32-bit fixed point (largest {largest:g})", hint="scale the data"
        )
    return bits
