"""Which of many costed candidates is trained next: the largest ones first, then those that a model expects most of.

Replays of real trainings showed where there is something to gain: in choosing among many candidates whose cost is
known, and in the order "use the budget, then learn". The loss on validation data is what is predicted, as its
logarithm: of two trainings of one network it differs far less than the accuracy does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import erf, exp, pi, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.search.gaussian_process import Matrix, Prediction, Vector, fitted

LARGEST_FIRST: Final = 3  # trainings before the model has a say
_GAIN: Final = 0.3  # by which the log loss falls where the logarithm of the multiplications rises by one
NETWORK_COSTING: Final = 0.1  # what costing takes, as a share of a training
TREES_COSTING: Final = 1.0  # trees are grown as quickly as they are costed
_BAND: Final = 0.15  # logarithm of multiplications within which candidates count as equally large


def order(
    candidates: Matrix, seen: Matrix, losses: Vector, chances: Vector, random: np.random.Generator
) -> NDArray[np.int64]:
    """Indices of `candidates` [N, traits], the most promising first.

    Args:
        candidates: the first trait is the logarithm of the multiplications.
        seen: traits of the trained candidates, [M, traits], and their log losses, [M].
        chances: that a candidate keeps all limits, [N].
    """
    if len(losses) < LARGEST_FIRST:
        return by_size(candidates[:, 0], chances, random)
    return np.argsort(-hopes(candidates, seen, losses, chances, float(losses.min())), kind="stable")


def hopes(
    candidates: Matrix, seen: Matrix, losses: Vector, chances: Vector, best: float, costing: float = NETWORK_COSTING
) -> Vector:
    """How much of an improvement on `best` is expected of each candidate, weighed by its chance of being trained."""
    beyond = fitted(seen, losses - _prior(seen), candidates).predict(candidates)
    prediction = Prediction(_prior(candidates) + beyond.mean, beyond.deviation)
    return np.asarray(expected_improvement(prediction, best) * trained_share(chances, costing))


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """Candidates of one kind, and what was seen of it: one model would take trees for small networks."""

    places: NDArray[np.int64]  # among all candidates
    seen: Matrix
    losses: Vector
    costing: float


def order_of_families(
    candidates: Matrix, families: Sequence[Family], chances: Vector, random: np.random.Generator
) -> NDArray[np.int64]:
    """Indices of `candidates` as `order` gives them, where they are of several families. Each begins with its largest
    ones, in turn; then what is expected of all is compared."""
    able = [family for family in families if (chances[family.places] > 0).any()] or list(families)
    behind = min(able, key=lambda family: len(family.losses))
    if len(behind.losses) < LARGEST_FIRST:
        return behind.places[by_size(candidates[behind.places, 0], chances[behind.places], random, behind.costing)]
    best = min(float(family.losses.min()) for family in able)
    hope = np.concatenate(
        [
            hopes(candidates[family.places], family.seen, family.losses, chances[family.places], best, family.costing)
            for family in able
        ]
    )
    return np.concatenate([family.places for family in able])[np.argsort(-hope, kind="stable")]


def _prior(traits: Matrix) -> Vector:
    """The log loss that is expected before anything is known, but for a constant: it falls with the multiplications."""
    return np.asarray(-_GAIN * traits[:, 0])


def trained_share(chances: Vector, costing: float = NETWORK_COSTING) -> Vector:
    """What part of the time that a proposal takes goes into training it, on average. To try one that breaks a limit
    costs little, so a chance of a half is nearly as good as certainty, and one of a hundredth is not."""
    return chances / (chances + costing)


def expected_improvement(prediction: Prediction, best: float) -> Vector:
    """How far below `best` a value is expected to be on average, counting those above as nothing (Jones et al.,
    Journal of Global Optimization 13, 1998)."""
    gain = (best - prediction.mean) / prediction.deviation
    density = np.exp(-(gain**2) / 2) / sqrt(2 * pi)
    return np.asarray(prediction.deviation * (gain * normal_below(gain) + density))


def normal_below(values: Sequence[float] | Vector) -> Vector:
    """The chance that a standard normal variable is below each of `values`."""
    return np.array([0.5 * (1 + erf(value / sqrt(2))) for value in values])


def by_size(
    log_macs: Vector, chances: Vector, random: np.random.Generator, costing: float = NETWORK_COSTING
) -> NDArray[np.int64]:
    """Indices: those that use most of what they are likely to be allowed; of equals by chance."""
    bands = np.floor(log_macs / _BAND) * _BAND
    likely = np.where(chances > 0, bands + np.log(np.maximum(trained_share(chances, costing), exp(-30))), -np.inf)
    return np.lexsort((random.random(len(likely)), -likely))
