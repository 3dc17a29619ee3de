"""Butterworth filters as second-order sections, in floating point.

The analogue prototype, moved to the edges of the band, then the bilinear transform with edges warped in advance
(Oppenheim and Schafer, Discrete-Time Signal Processing, 7.2); the same design as scipy.signal.butter(output="sos").
"""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass
from typing import Final

from mlforge.contract.stages_signal import FilterSpec, FilterType

_REAL: Final = 1e-9  # imaginary parts below are rounding


@dataclass(frozen=True, slots=True)
class Poles:
    """Of one section: its denominator is 1 + a1 / z + a2 / z^2, with a2 = 0 where it has one pole."""

    a1: float
    a2: float
    single: bool = False

    @property
    def radius(self) -> float:
        root = cmath.sqrt(self.a1 * self.a1 / 4 - self.a2)
        return max(abs(-self.a1 / 2 + root), abs(-self.a1 / 2 - root))


def sections(spec: FilterSpec, rate_hz: float) -> tuple[Poles, ...]:
    """The poles of each section, those nearest to the unit circle last: what goes before takes out what they would
    amplify."""
    found = [_digital(pole) for pole in _analogue(spec, rate_hz)]
    pairs = [Poles(-2 * pole.real, abs(pole) ** 2) for pole in found if pole.imag > _REAL]
    real = sorted(pole.real for pole in found if abs(pole.imag) <= _REAL)
    pairs += [Poles(-(a + b), a * b) for a, b in zip(real[1::2], real[::2], strict=False)]
    if len(real) % 2:
        pairs.append(Poles(-real[-1], 0.0, single=True))
    return tuple(sorted(pairs, key=lambda poles: poles.radius))


def centre(spec: FilterSpec, rate_hz: float) -> float:
    """The middle of a band as the bilinear transform has it, in radians per sample."""
    low, high = (_warped(edge, rate_hz) for edge in spec.cutoffs_hz)
    return 2 * math.atan(math.sqrt(low * high) / 2)


def _analogue(spec: FilterSpec, rate_hz: float) -> list[complex]:
    """Poles of the analogue filter, for a sampling period of 1."""
    edges = [_warped(edge, rate_hz) for edge in spec.cutoffs_hz]
    prototype = [cmath.exp(1j * math.pi * (2 * k + spec.order + 1) / (2 * spec.order)) for k in range(spec.order)]
    if spec.type is FilterType.LOW_PASS:
        return [pole * edges[0] for pole in prototype]
    if spec.type is FilterType.HIGH_PASS:
        return [edges[0] / pole for pole in prototype]
    half, square = (edges[1] - edges[0]) / 2, edges[0] * edges[1]
    middles = [pole * half if spec.type is FilterType.BAND_PASS else half / pole for pole in prototype]
    roots = [(middle, cmath.sqrt(middle * middle - square)) for middle in middles]
    return [middle + sign * root for middle, root in roots for sign in (1, -1)]


def _warped(hz: float, rate_hz: float) -> float:
    return 2 * math.tan(math.pi * hz / rate_hz)


def _digital(pole: complex) -> complex:
    return (2 + pole) / (2 - pole)
