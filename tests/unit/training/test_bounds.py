"""Ranges of activations: what each criterion keeps of values with and without outliers."""

from __future__ import annotations

import numpy as np
import pytest

from mlforge.training.bounds import CRITERIA, Criterion, least_entropy, least_error, quantile, seen

NORMAL = np.random.default_rng(1).standard_normal(20_000)


def spiky(share: float = 0.005) -> np.ndarray:
    values = NORMAL.copy()
    random = np.random.default_rng(2)
    where = random.random(len(values)) < share
    values[where] = random.choice([-1, 1], where.sum()) * random.uniform(150, 400, where.sum())
    return values


@pytest.mark.parametrize("criterion", CRITERIA.values(), ids=CRITERIA)
def test_bounds_lie_within_what_was_seen_and_hold_zero(criterion: Criterion) -> None:
    for values in (NORMAL, spiky(), np.abs(NORMAL), -np.abs(NORMAL) - 3, np.zeros(10), np.full(10, 2.5)):
        low, high = criterion(np.asarray(values, np.float64))
        assert min(values.min(), 0) - 1e-9 <= low <= 0 <= high <= max(values.max(), 0) + 1e-9


@pytest.mark.parametrize("criterion", CRITERIA.values(), ids=CRITERIA)
def test_ordinary_values_keep_their_range(criterion: Criterion) -> None:
    low, high = criterion(NORMAL)
    assert low < -1.9
    assert high > 1.9


def test_quantiles_leave_glitches_out_and_the_least_error_does_not() -> None:
    """Squared errors are those of the glitches: that is why no criterion alone is enough."""
    low, high = quantile(spiky(), 0.995)
    assert -4 < low < -2
    assert 2 < high < 4
    assert least_error(spiky())[1] > 100


def test_entropy_leaves_a_single_outlier_out() -> None:
    values = np.concatenate([NORMAL, [60.0]])
    assert least_entropy(values)[1] < 15
    assert least_entropy(values)[0] == values.min()


def test_many_values_are_looked_at_evenly() -> None:
    values = np.arange(100_000.0).reshape(100, 1000)
    chosen = seen(values)
    assert len(chosen) == 20_000
    assert chosen[-1] > 99_000
