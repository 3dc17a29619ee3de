"""Student's t distribution for whole degrees of freedom: intervals are wider where few groups were measured."""

from __future__ import annotations

from functools import cache
from math import atan2, cos, inf, pi, sin, sqrt
from statistics import NormalDist
from typing import Final

ONE_SIGMA: Final = 0.6826894921370859  # the share of a normal distribution within one standard deviation
_NORMAL_FROM: Final = 500  # degrees of freedom; from there the normal distribution differs by less than 0.3 %


def within(t: float, freedom: int) -> float:
    """The probability of a value between -t and t (Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3
    and 26.7.4)."""
    angle = atan2(t, sqrt(freedom))
    cosine, odd = cos(angle), freedom % 2
    term, total = (cosine if odd else 1.0), 0.0
    for step in range(freedom // 2):
        total += term
        term *= cosine**2 * (2 * step + 1 + odd) / (2 * step + 2 + odd)
    return 2 / pi * (angle + sin(angle) * total) if odd else sin(angle) * total


@cache
def quantile(confidence: float, freedom: int) -> float:
    """The t for which `within` is `confidence`: how many standard errors an interval reaches either way. Infinite for
    no degree of freedom: one group says nothing of others."""
    if freedom < 1:
        return inf
    if freedom >= _NORMAL_FROM:
        return NormalDist().inv_cdf((1 + confidence) / 2)
    low, high = 0.0, 1.0
    while within(high, freedom) < confidence:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if within(middle, freedom) < confidence else (low, middle)
    return high
