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
_GAIN: Final = 0.15  # by which the log loss falls where the logarithm of one of the sizes rises by one
_SIZES: Final = 2  # the first traits: logarithms of multiplications and of weights
NETWORK_COSTING: Final = 0.1  # what costing takes, as a share of a training
TREES_COSTING: Final = 1.0  # trees are grown as quickly as they are costed
_BAND: Final = 0.15  # of the mean logarithm of sizes, within which candidates count as equally large


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """Candidates of one kind, and what was seen of it: one model would take trees for small networks.

    `seen` are the traits of the trained ones, [M, traits], of which the first two are the logarithms of multiplications
    and weights; `losses` their log losses, [M]; `costing` is what costing one takes, as a share of a training.
    """

    places: NDArray[np.int64]  # among all candidates
    seen: Matrix
    losses: Vector
    costing: float = NETWORK_COSTING


def order(
    candidates: Matrix, families: Sequence[Family], chances: Vector, random: np.random.Generator
) -> NDArray[np.int64]:
    """Indices of `candidates` [N, traits], the most promising first. Each family begins with its largest ones, in turn;
    then what is expected of all is compared.

    Args:
        chances: that a candidate keeps all limits, [N].
    """
    able = [family for family in families if (chances[family.places] > 0).any()] or list(families)
    behind = min(able, key=lambda family: len(family.losses))
    if len(behind.losses) < LARGEST_FIRST:
        sizes = candidates[behind.places][:, :_SIZES].mean(axis=1)
        return behind.places[by_size(sizes, chances[behind.places], random, behind.costing)]
    expected = [_Expected.of(family, candidates[family.places]) for family in able]
    best = min(one.best for one in expected)
    hope = [
        expected_improvement(one.prediction, best) * trained_share(chances[family.places], family.costing)
        for family, one in zip(able, expected, strict=True)
    ]
    return np.concatenate([family.places for family in able])[np.argsort(-np.concatenate(hope), kind="stable")]


@dataclass(frozen=True, slots=True, eq=False)
class _Expected:
    """Of a family's candidates. `best` is the lowest loss that is expected of a trained one: the lowest that was seen
    owes part of it to luck, and nothing would seem to improve on it (Picheny et al., Structural and Multidisciplinary
    Optimization 48, 2013, section 3)."""

    prediction: Prediction
    best: float

    @classmethod
    def of(cls, family: Family, candidates: Matrix) -> _Expected:
        process = fitted(family.seen, family.losses - _prior(family.seen), candidates)
        beyond = process.predict(candidates)
        seen = _prior(family.seen) + process.predict(family.seen).mean
        return cls(Prediction(_prior(candidates) + beyond.mean, beyond.deviation), float(seen.min()))


def _prior(traits: Matrix) -> Vector:
    """The log loss that is expected before anything is known, but for a constant: it falls with the sizes."""
    return np.asarray(-_GAIN * traits[:, :_SIZES].sum(axis=1))


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
    log_sizes: Vector, chances: Vector, random: np.random.Generator, costing: float = NETWORK_COSTING
) -> NDArray[np.int64]:
    """Indices: those that use most of what they are likely to be allowed; of equals by chance."""
    bands = np.floor(log_sizes / _BAND) * _BAND
    likely = np.where(chances > 0, bands + np.log(np.maximum(trained_share(chances, costing), exp(-30))), -np.inf)
    return np.lexsort((random.random(len(likely)), -likely))
