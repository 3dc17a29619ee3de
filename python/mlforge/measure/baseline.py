"""Models that need no search, as a yardstick: the most frequent class or the mean, and the simplest that look at the
features at all. NumPy only; equal input gives equal answers up to the rounding of the processor's linear algebra."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]
Values: TypeAlias = NDArray[Any]

MOST_EXAMPLES: Final = 4000  # that a baseline is fitted to
MOST_NUMBERS: Final = 20_000_000  # examples times features
STEPS: Final = 200  # of gradient descent
SHRINKAGE: Final = 1e-3  # of weights, against the mean loss of an example


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What one baseline answers: class scores [N, classes], values [N, outputs] or anomaly scores [N, 1]."""

    name: str
    outputs: Values


def classifiers(x: Floats, y: Values, others: Floats, classes: int) -> Iterator[Answers]:
    """The most frequent class, the nearest centroid, and multinomial logistic regression.

    Args:
        x: [N, ...] of the training split, y: class indices [N].
        others: [M, ...], the examples to answer.
    """
    x, y = _subset(x, y)
    counts = np.bincount(y, minlength=classes)
    yield Answers("most frequent class", np.repeat(np.eye(classes)[[int(counts.argmax())]], len(others), axis=0))
    known, asked = _standardised(x, others)
    centroids = np.zeros((classes, known.shape[1]), np.float32)
    np.add.at(centroids, y, known)
    centroids /= np.maximum(counts, 1)[:, None]
    distance = np.square(centroids).sum(axis=1) - 2 * asked @ centroids.T
    yield Answers("nearest centroid", np.where(counts > 0, -distance, -1e30))
    weights = _logistic(_with_one(known), np.eye(classes, dtype=np.float32)[y])
    yield Answers("logistic regression", _with_one(asked) @ weights)


def regressors(x: Floats, y: Values, others: Floats) -> Iterator[Answers]:
    """The mean, and ridge regression. `y`: [N, outputs]."""
    x, y = _subset(x, y.reshape(len(y), -1).astype(np.float64))
    yield Answers("mean", np.repeat(y.mean(axis=0, keepdims=True), len(others), axis=0))
    known, asked = _standardised(x, others)
    yield Answers("ridge regression", y.mean(axis=0) + asked @ _ridge(known.astype(np.float64), y - y.mean(axis=0)))


def detectors(x: Floats, others: Floats) -> Iterator[Answers]:
    """The mean squared distance from the normal training examples, value by value in their deviations."""
    asked = _standardised(_subset(x, np.zeros(len(x)))[0], others)[1]
    yield Answers("standardised distance", np.square(asked, dtype=np.float64).mean(axis=1, keepdims=True))


def _subset(x: Floats, y: Values) -> tuple[Floats, Values]:
    """At most so many examples, evenly through the split, each one row."""
    flat = x.reshape(len(x), -1)
    most = max(2, min(MOST_EXAMPLES, MOST_NUMBERS // max(1, flat.shape[1])))
    if len(flat) <= most:
        return flat, y
    chosen = np.random.default_rng(0).permutation(len(flat))[:most]
    return flat[chosen], y[chosen]


def _standardised(x: Floats, others: Floats) -> tuple[Floats, Floats]:
    """Both in deviations of the first, [N, features]; what hardly varies there is not blown up without bound."""
    mean, deviation = x.mean(axis=0, dtype=np.float64), x.std(axis=0, dtype=np.float64)
    deviation = np.maximum(deviation, 1e-3 * min(1.0, max(float(np.median(deviation)), 1e-9)))
    flat = others.reshape(len(others), -1)
    return ((x - mean) / deviation).astype(np.float32), ((flat - mean) / deviation).astype(np.float32)


def _with_one(x: Floats) -> Floats:
    return np.concatenate([x, np.ones((len(x), 1), np.float32)], axis=1)


def _logistic(x: Floats, targets: Floats) -> Floats:
    """Weights [features, classes] by accelerated gradient descent (Nesterov, 1983). The step is the inverse of a bound
    on the curvature: half of the largest eigenvalue of the features' second moments (Boehning, 1992)."""
    step = np.float32(1.0 / (0.5 * _largest_eigenvalue(x) + SHRINKAGE))
    weights = ahead = np.zeros((x.shape[1], targets.shape[1]), np.float32)
    for number in range(STEPS):
        scores = x @ ahead
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        gradient = x.T @ (scores / scores.sum(axis=1, keepdims=True) - targets) / np.float32(len(x))
        before, weights = weights, np.asarray(ahead - step * (gradient + np.float32(SHRINKAGE) * ahead), np.float32)
        ahead = np.asarray(weights + np.float32(number / (number + 3)) * (weights - before), np.float32)
    return weights


def _largest_eigenvalue(x: Floats) -> float:
    """Of x'x / N, by the power method; a little more, as it comes from below."""
    vector: Floats = np.random.default_rng(0).standard_normal((x.shape[1],)).astype(np.float32)
    length = 1.0
    for _ in range(20):
        vector = np.asarray(x.T @ (x @ vector) / np.float32(len(x)), np.float32)
        length = float(np.linalg.norm(vector)) or 1.0
        vector = vector / np.float32(length)
    return 1.1 * length


def _ridge(x: Values, y: Values) -> Values:
    """Weights [features, outputs], in whichever of the two forms is smaller."""
    ridge = 1e-2 * len(x)
    if x.shape[1] <= len(x):
        return np.asarray(np.linalg.solve(x.T @ x + ridge * np.eye(x.shape[1]), x.T @ y))
    return np.asarray(x.T @ np.linalg.solve(x @ x.T + ridge * np.eye(len(x)), y))
