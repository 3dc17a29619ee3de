"""Recordings to model inputs, by the C code that the target runs: int8 for the model, float32 for training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlforge.features.native import run_native
from mlforge.features.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class Extracted:
    """The inputs of several recordings, one after the other.

    `inputs` [N, *input_shape]; `recording` int64 [N] says which of the recordings each was cut from, so that labels,
    groups and strata follow: `labels[extracted.recording]`.
    """

    inputs: NDArray[Any]
    recording: NDArray[np.int64]


def extract_float(pipeline: Pipeline, signal: NDArray[Any]) -> NDArray[np.float32]:
    """Float32 [inputs, *input_shape]: the fixed-point values in front of quantisation, as real numbers; clipped where
    the contract says so, as int8 saturates on the device.

    Raises:
        DataError: the recording has other channels than the pipeline, or values that are not finite.
    """
    values = run_native(pipeline, pipeline.stages, pipeline.to_frames(signal))
    if limit := pipeline.limit:
        values = np.clip(values, -limit, limit)
    return np.ldexp(values.astype(np.float64), -pipeline.value_frac_bits).astype(np.float32)


def extract_int8(pipeline: Pipeline, signal: NDArray[Any]) -> NDArray[np.int8]:
    """Int8 [inputs, *input_shape], byte for byte what the target computes.

    Raises:
        DataError: as `extract_float`, or the pipeline has no quantisation yet.
    """
    return run_native(pipeline, pipeline.all_stages, pipeline.to_frames(signal))


def extract_all(
    pipeline: Pipeline,
    signals: Sequence[NDArray[Any]],
    extract: Callable[[Pipeline, NDArray[Any]], NDArray[Any]] = extract_float,
) -> Extracted:
    """The inputs of all recordings; those shorter than a window give none. Raises what `extract` raises."""
    parts = [extract(pipeline, signal) for signal in signals]
    empty = np.zeros((0, *pipeline.input_shape), dtype=np.int8 if extract is extract_int8 else np.float32)
    counts = np.array([len(part) for part in parts], dtype=np.int64)
    return Extracted(
        inputs=np.concatenate(parts) if parts else empty,
        recording=np.repeat(np.arange(len(parts), dtype=np.int64), counts),
    )
