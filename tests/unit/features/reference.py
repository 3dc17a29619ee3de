"""The feature arithmetic again, in exact Python integers and plain slicing: shares no code with MLForge."""

from __future__ import annotations

from fractions import Fraction
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mlforge.features import Pipeline
from mlforge.features.standardise import Standardise

Whole = TypeVar("Whole", np.int8, np.int32)


def round_away(value: Fraction) -> int:
    """To the nearest whole number, halves away from zero."""
    magnitude = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return magnitude if value >= 0 else -magnitude


def saturate(value: int, bits: int) -> int:
    return max(-(1 << (bits - 1)), min((1 << (bits - 1)) - 1, value))


def values(pipeline: Pipeline, frames: NDArray[np.int32]) -> list[list[int]]:
    """The int32 values in front of quantisation, frame by frame."""
    result = [[int(value) for value in frame] for frame in frames]
    for stage in pipeline.stages:
        assert isinstance(stage, Standardise)
        result = [
            [
                saturate(round_away(Fraction(saturate(value - mean, 32) * multiplier, 1 << shift)), 32)
                for value, mean, multiplier, shift in zip(frame, stage.mean, stage.multiplier, stage.shift, strict=True)
            ]
            for frame in result
        ]
    return result


def quantised(pipeline: Pipeline, frames: NDArray[np.int32]) -> NDArray[np.int8]:
    """The int8 values, [frames, channels]."""
    stage = pipeline.quantise_stage()
    rows = [
        [
            saturate(
                saturate(round_away(Fraction(value * stage.multiplier, 1 << stage.shift)), 32) + stage.zero_point, 8
            )
            for value in frame
        ]
        for frame in values(pipeline, frames)
    ]
    return np.array(rows, dtype=np.int8).reshape(-1, pipeline.channels)


def windows(pipeline: Pipeline, rows: NDArray[Whole]) -> NDArray[Whole]:
    """[inputs, *input_shape] by slicing."""
    length, hop = pipeline.window.length, pipeline.window.hop
    cuts = [rows[start : start + length] for start in range(0, len(rows) - length + 1, hop)]
    return np.array(cuts, dtype=rows.dtype).reshape(-1, *pipeline.input_shape)
