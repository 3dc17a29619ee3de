"""Seeded augmentation of float windows, for training alone: noise, gain, time shift, dropped channels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Strengths, all relative to standardised windows; 0 switches one off."""

    noise: float = 0.0  # standard deviation of additive Gaussian noise
    gain: float = 0.0  # each window is scaled by a factor drawn from 1 - gain to 1 + gain
    shift: int = 0  # frames; each window is rotated by up to this many, either way
    drop: float = 0.0  # chance that a window loses one channel


def augment(windows: NDArray[np.float32], how: Augmentation, seed: int) -> NDArray[np.float32]:
    """A changed copy of `windows`, float32 [N, frames, ..., channels]; the same seed gives the same copy."""
    generator = np.random.default_rng(seed)
    result = windows.astype(np.float32, copy=True)
    count, lone = len(result), (1,) * (result.ndim - 1)
    if how.shift:
        offsets = generator.integers(-how.shift, how.shift + 1, size=count)
        for index, offset in enumerate(offsets.tolist()):
            result[index] = np.roll(result[index], offset, axis=0)
    if how.gain:
        factors = generator.uniform(1 - how.gain, 1 + how.gain, size=(count, *lone))
        result *= factors.astype(np.float32)
    if how.noise:
        result += generator.normal(0.0, how.noise, size=result.shape).astype(np.float32)
    if how.drop:
        dropped = np.flatnonzero(generator.random(count) < how.drop)
        channels = generator.integers(0, result.shape[-1], size=len(dropped))
        for index, channel in zip(dropped.tolist(), channels.tolist(), strict=True):
            result[index, ..., channel] = 0.0
    return result
