"""Stages of the contract's `features` that come from TensorFlow Lite Micro's signal library."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Like(StrEnum):
    """Whose integers `fft`, `mel` and `log` compute."""

    MLFORGE = "mlforge"
    TFLM = "tflm"  # the signal library, as micro_speech uses it
    MICROFRONTEND = "microfrontend"  # what it comes from, as microWakeWord uses it

    @property
    def foreign(self) -> bool:
        return self is not Like.MLFORGE


@dataclass(frozen=True, slots=True)
class NoiseReductionSpec:
    """Bands less an estimate of what is steady in them: e += smoothing (x - e), with one smoothing for even bands and
    one for odd ones; at least `remaining` of x is left."""

    even: float = 0.025
    odd: float = 0.06
    remaining: float = 0.05


@dataclass(frozen=True, slots=True)
class PcanSpec:
    """Per-channel amplitude normalisation: x (offset + e)^-strength, of which what is below 2 is compressed: v^2 / 4,
    v - 1 above. e is the noise's estimate, offset is in its unit; 0 stands for 80 units of 16-bit samples, or the least
    that fixed point can hold."""

    strength: float = 0.95
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class TflmScaleSpec:
    """Logarithms as the bytes of micro_speech."""


TflmStageSpec: TypeAlias = NoiseReductionSpec | PcanSpec | TflmScaleSpec
