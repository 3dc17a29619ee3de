"""The settings of `resample`: from the signal's rate to a lower one that is a simple ratio of it."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Final

from mlforge.contract.build_stages import Place, Steps, known_settings, required, whole
from mlforge.contract.reader import Reader
from mlforge.contract.stages import StageSpec
from mlforge.contract.stages_signal import MAX_PHASE_TAPS, ResampleSpec
from mlforge.contract.units import format_frequency, parse_frequency

TAPS_PER_RATIO: Final = 22  # so that the stopband begins below 0.6 of the new rate
MAX_TAPS: Final = 4095
MAX_RATIO: Final = 16  # taps of 16 bits then reach 60 dB
MAX_PHASES: Final = 1024


def read_resample(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    known_settings(reader, steps, ["to", "taps"])
    required(reader, steps, "to", "a frequency such as '8 kHz'")
    to_hz = reader.quantity(parse_frequency, *steps, "to") or 0
    nothing = ResampleSpec(1, 2, 2), place
    if place.signal is None:
        reader.wrong(steps, "`resample`, of a signal whose rate is unknown", "data.signal: {rate: 16 kHz}")
        return nothing
    rate_hz = place.signal.rate_hz
    if not rate_hz or not to_hz:  # wrong, and reported
        return nothing
    if place.decimation != 1:
        reader.wrong(steps, "`resample` behind `decimate`", "`resample` alone, or in front of `decimate`")
        return nothing
    ratio = Fraction(rate_hz, to_hz)
    if ratio <= 1:
        rate = format_frequency(rate_hz)
        reader.wrong((*steps, "to"), format_frequency(to_hz), f"less than the signal's rate, {rate}, or no `resample`")
        return nothing
    if ratio > MAX_RATIO:
        expected = (
            f"at least {format_frequency(math.ceil(rate_hz / MAX_RATIO))}, a {MAX_RATIO}th, and `decimate` behind"
        )
        reader.wrong(
            (*steps, "to"), f"{format_frequency(to_hz)}, {float(ratio):g} times less than the signal", expected
        )
        return nothing
    taps = whole(reader, (*steps, "taps"), usual_taps(ratio), 2, MAX_TAPS)
    up = ratio.denominator
    if up > MAX_PHASES or up * taps > MAX_PHASE_TAPS:
        found = f"{format_frequency(to_hz)} of {format_frequency(rate_hz)}, a ratio of {up} to {ratio.numerator}: "
        found += f"{math.ceil(up / 2) * taps * 2 / 1024:,.0f} KiB of coefficients"
        reader.wrong((*steps, "to"), found, f"a rate with a simple ratio to the signal's, {_instead(rate_hz, to_hz)}")
        return nothing
    return ResampleSpec(up, ratio.numerator, taps), replace(place, decimation=ratio)


def usual_taps(ratio: Fraction) -> int:
    """An even number."""
    return 2 * math.ceil(ratio * TAPS_PER_RATIO / 2)


def _instead(rate_hz: int, to_hz: int) -> str:
    """The nearest whole number of Hz that is practical; where there is none, as of a prime number, `decimate`."""
    rates = {rate_hz * up // (rate_hz * up // to_hz + more) for up in range(1, MAX_PHASES) for more in (0, 1)}
    fitting = [rate for rate in rates if _practical(Fraction(rate_hz, rate))]
    if not fitting:
        return f"or `decimate: {{factor: {max(2, round(rate_hz / to_hz))}}}`"
    return f"such as {format_frequency(min(fitting, key=lambda rate: abs(rate - to_hz)))}"


def _practical(ratio: Fraction) -> bool:
    up = ratio.denominator
    return 1 < ratio <= MAX_RATIO and up <= MAX_PHASES and up * usual_taps(ratio) <= MAX_PHASE_TAPS
