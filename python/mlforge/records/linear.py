"""Linear models as their makers compute them, in floats: regressions, linear classifiers, nearest centroids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import ModelError
from mlforge.records.ensemble import MAX_SUM, Floats, Link

_MAX_COEFFICIENTS: Final = 1 << 22


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """The sums are `coefficients @ x + intercepts`: float64 [outputs, features] and [outputs].

    `decides`: only the differences of the sums matter, since the largest names the class.
    """

    coefficients: Floats
    intercepts: Floats
    link: Link
    decides: bool

    @property
    def features(self) -> int:
        return int(self.coefficients.shape[1])

    @property
    def outputs(self) -> int:
        return int(self.coefficients.shape[0])


def check_linear(model: Linear) -> None:
    """Raises ModelError where shapes do not fit, or a number is not finite."""
    weights, added = model.coefficients, model.intercepts
    if weights.ndim != 2 or not weights.size or added.shape != (len(weights),) or weights.size > _MAX_COEFFICIENTS:
        raise ModelError(f"the linear model has coefficients {list(weights.shape)} and intercepts {list(added.shape)}")
    if not np.isfinite(weights).all() or not np.isfinite(added).all():
        raise ModelError("a coefficient of the linear model is not finite")
    if max(float(np.abs(weights).max()), float(np.abs(added).max())) > MAX_SUM:
        raise ModelError(f"a coefficient of the linear model is beyond {MAX_SUM:g}")


def centred(model: Linear) -> Linear:
    """The same decisions, of sums that are as small as can be: without what all outputs have in common."""
    if not model.decides:
        return model
    common = model.coefficients.mean(axis=0), model.intercepts.mean()
    return Linear(model.coefficients - common[0], model.intercepts - common[1], model.link, model.decides)


def nearest(centres: Floats) -> Linear:
    """The largest sum is that of the nearest of `centres`, float64 [centres, features]: of the squared distance
    |x|^2 - 2 x.c + |c|^2, half without what all have in common, negated."""
    return Linear(centres, -0.5 * (centres**2).sum(axis=1), Link.NONE, True)


def linear_sums(model: Linear, x: NDArray[np.float32]) -> Floats:
    """float64 [N, outputs] of float32 [N, features]."""
    return np.asarray(x.astype(np.float64) @ model.coefficients.T + model.intercepts)
