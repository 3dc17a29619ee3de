"""Regression with uncertainty from few observations: a Gaussian process (Rasmussen and Williams, 2006, chapter 2).

Its kernel is a linear one, for what holds all over the space, and a squared exponential one, for what is left. How
noisy the observations are, how far the second reaches and how much each explains is chosen from a grid by the marginal
likelihood, so nothing has to be tuned by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import log, pi
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Vector: TypeAlias = NDArray[np.float64]  # [N]
Matrix: TypeAlias = NDArray[np.float64]  # [N, columns]

_REACHES: Final = (0.7, 1.5, 3.0)  # length scales, of standardised columns and relative to the root of their number
_LINEAR_SHARES: Final = (0.2, 0.5, 0.8)  # of the explained variance
_NOISES: Final = (0.02, 0.1, 0.3)  # variance of an observation's error, as a share of the observations' variance
_LEAST: Final = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    mean: Vector
    deviation: Vector  # of what is predicted, without the error of another observation


@dataclass(frozen=True, slots=True)
class _Kernel:
    reach: float
    linear: float
    noise: float

    def between(self, one: Matrix, other: Matrix) -> Matrix:
        columns = max(one.shape[1], 1)
        products = one @ other.T / columns
        squares = (one**2).sum(1)[:, None] / columns + (other**2).sum(1)[None, :] / columns - 2 * products
        near = np.exp(-np.maximum(squares, 0.0) / (2 * self.reach**2))
        return np.asarray((1 - self.noise) * (self.linear * products + (1 - self.linear) * near))

    def with_itself(self, x: Matrix) -> Vector:
        products = (x**2).sum(axis=1) / max(x.shape[1], 1)
        return np.asarray((1 - self.noise) * (self.linear * products + 1 - self.linear))


@dataclass(frozen=True, slots=True, eq=False)
class GaussianProcess:
    """Fitted to observations; predicts in their unit."""

    _kernel: _Kernel
    _x: Matrix
    _centre: Vector
    _spread: Vector
    _mean: float
    _deviation: float
    _lower: NDArray[Any]
    _solved: NDArray[Any]

    def predict(self, x: Matrix) -> Prediction:
        """Of each row of `x`, [M, columns]."""
        x = (x - self._centre) / self._spread
        across = self._kernel.between(x, self._x)
        own = self._kernel.with_itself(x)
        left = np.linalg.solve(self._lower, across.T)
        variance = np.maximum(own - (left**2).sum(axis=0), _LEAST)
        return Prediction(self._mean + self._deviation * (across @ self._solved), self._deviation * np.sqrt(variance))


def fitted(x: Matrix, y: Vector, spread: Matrix | None = None) -> GaussianProcess:
    """A process that has seen `y` [N] at the rows of `x` [N, columns].

    Args:
        spread: rows whose columns say what is near and far; by default those of `x`.
    """
    reference = x if spread is None or not len(spread) else spread
    centre = reference.mean(axis=0)
    scale = reference.std(axis=0)
    varies = scale > _LEAST  # a column that does not says nothing, and would make all seem nearer to each other
    scale = np.where(varies, scale * np.sqrt(varies.mean()), np.inf)
    mean, deviation = float(y.mean()), max(float(y.std()), 1e-6)
    inside, target = (x - centre) / scale, (y - mean) / deviation
    best: tuple[float, _Kernel, NDArray[Any], NDArray[Any]] | None = None
    for reach, linear, noise in product(_REACHES, _LINEAR_SHARES, _NOISES):
        kernel = _Kernel(reach, linear, noise)
        lower = np.linalg.cholesky(kernel.between(inside, inside) + (noise + _LEAST) * np.eye(len(inside)))
        half = np.linalg.solve(lower, target)
        likelihood = -0.5 * float(half @ half) - float(np.log(np.diag(lower)).sum()) - 0.5 * len(target) * log(2 * pi)
        if best is None or likelihood > best[0] + _LEAST:
            best = likelihood, kernel, lower, np.linalg.solve(lower.T, half)
    if best is None:  # the grid is not empty
        raise ValueError("no kernel to choose from")
    _, kernel, lower, solved = best
    return GaussianProcess(kernel, inside, centre, scale, mean, deviation, lower, solved)
