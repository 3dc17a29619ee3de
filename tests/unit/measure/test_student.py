"""Student's t against printed tables."""

from __future__ import annotations

from math import inf

import pytest

from mlforge.measure.student import ONE_SIGMA, quantile, within

TABLE = [  # degrees of freedom, two-sided 95 %, two-sided 99 %: any textbook
    (1, 12.706, 63.657),
    (2, 4.303, 9.925),
    (3, 3.182, 5.841),
    (4, 2.776, 4.604),
    (9, 2.262, 3.250),
    (10, 2.228, 3.169),
    (30, 2.042, 2.750),
    (499, 1.965, 2.586),
    (5000, 1.960, 2.576),
]


@pytest.mark.parametrize(("freedom", "at_95", "at_99"), TABLE)
def test_quantiles_are_those_of_the_tables(freedom: int, at_95: float, at_99: float) -> None:
    assert quantile(0.95, freedom) == pytest.approx(at_95, abs=1e-3)
    assert quantile(0.99, freedom) == pytest.approx(at_99, abs=1e-3)


def test_one_group_says_nothing_of_others() -> None:
    assert quantile(0.95, 0) == inf


def test_one_sigma_widens_with_few_groups() -> None:
    assert quantile(ONE_SIGMA, 1) == pytest.approx(1.837, abs=1e-3)
    assert quantile(ONE_SIGMA, 10_000) == pytest.approx(1.0)
    assert within(quantile(ONE_SIGMA, 7), 7) == pytest.approx(ONE_SIGMA)
