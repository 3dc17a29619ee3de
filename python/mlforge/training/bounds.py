"""Where the int8 range of an activation ends: within what was seen, since clipping a few values may lose less than
coarser steps for all others. Each criterion is right for some data, so all are tried. NumPy only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Values: TypeAlias = NDArray[np.float64]
Bounds: TypeAlias = tuple[float, float]  # zero lies within, or is one of them
Criterion: TypeAlias = Callable[[Values], Bounds]

NARROWEST: Final = 1e-6
_SHARES: Final = np.geomspace(1.0, 1e-3, 31)  # of a range that was seen: candidates for the bounds
_VALUES: Final = 20_000  # of an activation that are looked at
_BINS: Final = 2048
_STEPS: Final = 128  # of int8 for one sign
_QUANTILES: Final = (0.9999, 0.999, 0.995, 0.98)


def seen(values: NDArray[Any]) -> Values:
    """An even selection of an activation's values, flat."""
    return values.ravel()[:: max(1, values.size // _VALUES)].astype(np.float64)


def least_error(values: Values) -> Bounds:
    """The bounds that lose least by clipping and rounding (mean squared error)."""
    low, high = _ends(values)
    high = min((high * share for share in _SHARES), key=lambda high: _error(values, low, high))
    low = min((low * share for share in _SHARES), key=lambda low: _error(values, low, high))
    return low, high


def quantile(values: Values, share: float) -> Bounds:
    """The bounds that leave out the values beyond these quantiles, on either side. Few glitches have no say."""
    low, high = np.quantile(values, [1 - share, share])
    return min(float(low), 0.0), max(float(high), 0.0)


def least_entropy(values: Values) -> Bounds:
    """The bounds whose 256 steps tell most of the values' distribution: least Kullback-Leibler divergence (Migacz,
    "8-bit Inference with TensorRT", GPU Technology Conference 2017)."""
    low, high = _ends(values)
    largest = max(high, -low)
    if largest <= NARROWEST:
        return low, high
    counts, edges = np.histogram(np.abs(values), bins=_BINS, range=(0.0, largest))
    ends = range(_STEPS, _BINS + 1, _STEPS // 2)
    end = min(ends, key=lambda end: _divergence(counts.astype(np.float64), end))
    return max(low, -float(edges[end])), min(high, float(edges[end]))


CRITERIA: Final[Mapping[str, Criterion]] = {
    "least error": least_error,
    **{f"quantile {share:g}": partial(quantile, share=share) for share in _QUANTILES},
    "least entropy": least_entropy,
}


def _ends(values: Values) -> Bounds:
    return min(float(values.min()), 0.0), max(float(values.max()), 0.0)


def _error(values: Values, low: float, high: float) -> float:
    step = max(high - low, NARROWEST) / 255
    return float(np.square(low + np.round((np.clip(values, low, high) - low) / step) * step - values).mean())


def _divergence(counts: Values, end: int) -> float:
    """Of the distribution below `end`, what is beyond counted into its last bin, from the same in `_STEPS` steps."""
    wanted = counts[:end].copy()
    wanted[-1] += counts[end:].sum()
    filled = counts[:end] > 0
    step = np.minimum(np.arange(end) * _STEPS // end, _STEPS - 1)
    total = np.bincount(step, weights=counts[:end], minlength=_STEPS)
    share = np.bincount(step, weights=filled, minlength=_STEPS)
    coarse = np.where(filled, (total / np.maximum(share, 1))[step], 0.0)
    if not coarse.sum():
        return float("inf")
    wanted, coarse = wanted / wanted.sum(), coarse / coarse.sum()
    both = (wanted > 0) & (coarse > 0)
    lost = float(wanted[(wanted > 0) & ~both].sum())
    return float((wanted[both] * np.log(wanted[both] / coarse[both])).sum()) + lost * 10.0
