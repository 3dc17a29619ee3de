"""Mel scales, and where the filters of a bank lie on them.

HTK's scale: The HTK Book 3.4, 5.6. Slaney's: Auditory Toolbox, Interval Technical Report 1998-010; as in librosa.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final

from mlforge.contract.stages import MelScale, MelSpec

CURE_OF_EMPTY: Final = "fewer bands, a larger fft, or a longer frame"
_KNEE_HZ: Final = 1000.0
_HZ_PER_MEL: Final = 200.0 / 3
_KNEE_MEL: Final = _KNEE_HZ / _HZ_PER_MEL
_LOG_STEP: Final = math.log(6.4) / 27


def corners_hz(spec: MelSpec) -> list[float]:
    """Where filters begin, peak and end, [bands + 2], in Hz."""
    low, high = (to_mel(value, spec.scale) for value in (spec.low_hz, spec.high_hz))
    steps = spec.bands + 1
    return [to_hz(low + (high - low) * index / steps, spec.scale) for index in range(steps + 1)]


def to_mel(hz: float, scale: MelScale) -> float:
    if scale is MelScale.HTK:
        return 2595.0 * math.log10(1.0 + hz / 700.0)
    return hz / _HZ_PER_MEL if hz < _KNEE_HZ else _KNEE_MEL + math.log(hz / _KNEE_HZ) / _LOG_STEP


def to_hz(mel: float, scale: MelScale) -> float:
    if scale is MelScale.HTK:
        return 700.0 * (math.pow(10.0, mel / 2595.0) - 1.0)
    return mel * _HZ_PER_MEL if mel < _KNEE_MEL else _KNEE_HZ * math.exp(_LOG_STEP * (mel - _KNEE_MEL))


def first_bin(position: float) -> int:
    """The first at or above the position; one that is there but for rounding is."""
    nearest = round(position)
    return nearest if abs(position - nearest) < 1e-9 * max(1.0, position) else math.ceil(position)


def empty_filter(spec: MelSpec, rate_hz: float, bins: int) -> str:
    """What is wrong with a bank over so many bins up to half the rate, of which a filter has none; else empty."""
    bin_hz = rate_hz / 2 / (bins - 1)
    corners = corners_hz(spec)
    starts = [min(bins, first_bin(corner / bin_hz)) for corner in corners]
    counts = [end - start for start, end in pairwise(starts)]
    for band, pair in enumerate(pairwise(counts)):
        if not any(pair):
            width = f"{corners[band]:.0f} to {corners[band + 2]:.0f} Hz"
            return f"mel filter {band + 1} of {spec.bands} ({width}), which has no bin: bins are {bin_hz:.1f} Hz apart"
    return ""
