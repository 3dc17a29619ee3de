"""Random changes to training examples, in NumPy: the same seed gives the same examples on every machine."""

from __future__ import annotations

from math import radians

import numpy as np
from numpy.typing import NDArray

from mlforge.contract import AugmentSpec
from mlforge.training.request import Floats


def augment(x: Floats, options: AugmentSpec, random: np.random.Generator) -> Floats:
    """A changed copy of `x`, float32 [N, ..., channels], of the same shape."""
    if options.off:
        return x
    if options.rotation_degrees:
        x = _rotated(x, radians(options.rotation_degrees), random)
    if options.gain:
        factors = np.exp(random.normal(0.0, options.gain, (len(x), *[1] * (x.ndim - 2), x.shape[-1])))
        x = x * factors.astype(np.float32)
    if options.offset:
        x = x + np.float32(options.offset) * random.standard_normal(
            (len(x), *[1] * (x.ndim - 2), x.shape[-1]), np.float32
        )
    if options.shift and x.ndim > 2:
        steps = random.integers(-options.shift, options.shift + 1, len(x))
        rows = (np.arange(x.shape[1])[None, :] - steps[:, None]) % x.shape[1]
        x = x[np.arange(len(x))[:, None], rows]
    if options.noise:
        x = x + np.float32(options.noise) * random.standard_normal(x.shape, np.float32)
    if options.dropout:
        x = _with_steps_lost(x, options.dropout, random)
    if options.channel_dropout:
        kept = random.random((len(x), *[1] * (x.ndim - 2), x.shape[-1])) >= options.channel_dropout
        x = x * kept.astype(np.float32)
    return np.ascontiguousarray(x, np.float32)


def _with_steps_lost(x: Floats, chance: float, random: np.random.Generator) -> Floats:
    """Steps along the first axis at random, each replaced by the last one before it that was not lost; the first never
    is. A vector has no steps: its values read 0."""
    if x.ndim < 3:
        return x * (random.random(x.shape) >= chance).astype(np.float32)
    kept = random.random(x.shape[:2]) >= chance
    kept[:, 0] = True
    steps = np.maximum.accumulate(np.where(kept, np.arange(x.shape[1]), 0), axis=1)
    return np.asarray(x[np.arange(len(x))[:, None], steps])


def _rotated(x: Floats, spread: float, random: np.random.Generator) -> Floats:
    """Turns each group of three channels by one random rotation per example: a sensor worn a little differently."""
    turns = _rotations(random.normal(0.0, spread, (len(x), 3)))
    turned = x.copy()
    for first in range(0, x.shape[-1] - 2, 3):
        part = x[..., first : first + 3]
        turned[..., first : first + 3] = (part.reshape(len(x), -1, 3) @ turns.transpose(0, 2, 1)).reshape(part.shape)
    return turned


def _rotations(vectors: NDArray[np.float64]) -> Floats:
    """Rotation vectors [N, 3] (axis times angle in radians) to matrices [N, 3, 3], by Rodrigues' formula."""
    angles = np.linalg.norm(vectors, axis=1)[:, None, None]
    x, y, z = (vectors / np.maximum(angles[:, :, 0], 1e-12)).T
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=1).reshape(-1, 3, 3)
    turns: NDArray[np.float64] = np.eye(3) + np.sin(angles) * cross + (1 - np.cos(angles)) * (cross @ cross)
    return turns.astype(np.float32)
