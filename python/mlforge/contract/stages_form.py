"""What stages of a chain take and make, in words: an error says them."""

from __future__ import annotations

from enum import StrEnum


class Form(StrEnum):
    SIGNAL = "the signal"
    FRAMES = "frames of the signal"
    SPECTRUM = "a spectrum"
    BANDS = "energies of bands"
    REDUCED = "energies of bands without their noise"
    LEVELS = "logarithms"
    COEFFICIENTS = "cepstral coefficients"
    STATISTICS = "statistics"
    MEASURES = "frequencies, shares or times"
    STANDARD = "standardised values"
