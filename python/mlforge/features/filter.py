"""The `filter` stage: second-order sections with 64-bit sums. Its C half is runtime/features/filter.c.

What passes between sections has the scale that proves all states to fit into int32 and all sums into int64. A filter
begins as though its first sample had always been there, so that a constant (gravity, a sensor's offset) starts no
transient.
"""

from __future__ import annotations

import ctypes
import math
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from mlforge.contract.stages_signal import EnvelopeSpec, FilterSpec, FilterType, SmoothSpec
from mlforge.errors import DataError
from mlforge.features.biquad import (
    LIMIT,
    MAX_RESPONSE,
    Bounds,
    Section,
    bounds,
    is_stable,
    response,
    rings,
)
from mlforge.features.butterworth import Poles, centre, sections
from mlforge.features.flow import Element, Flow
from mlforge.features.stage import PlainStage, array, require, require_signal

MAX_SECTIONS: Final = 16
COEFFICIENT_BITS: Final = (30, 29, 28, 27, 26)
MAX_SHIFT: Final = 24  # of samples, to either side
MAX_GUARD_BITS: Final = 13
ACCURACY: Final = 0.005  # of the response: what rounding coefficients may change
_GRID: Final = 400
_LOWEST_ANGLE: Final = 1e-6  # radians per sample
_EXACT_BITS: Final = 52


class FilterTables(ctypes.Structure):
    """`struct mlforge_filter`."""

    _fields_: ClassVar = [
        ("coefficients", ctypes.POINTER(ctypes.c_int32)),
        ("sections", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("shift", ctypes.c_int8),
        ("passes_constants", ctypes.c_uint8),
        ("samples", ctypes.c_uint8),
        ("channels", ctypes.c_uint16),
    ]


@dataclass(frozen=True, slots=True)
class Filter(PlainStage):
    """`sections` in the order of the signal, coefficients times 2^`bits`. Each passes constants as they are, or none
    of them."""

    sections: tuple[Section, ...]
    bits: int
    passes_constants: bool

    template: ClassVar[str] = "filter.c.j2"
    function: ClassVar[str] = "mlforge_filter_process"
    reset: ClassVar[str] = "mlforge_begun_reset"

    def output(self, flow: Flow) -> Flow:
        require_signal(flow, "filter")
        require(self._is_sound(), "filter", "it is unstable in fixed point, or its tables are damaged")
        shift = self.shift(flow)
        high = math.ceil(self._bounds.peaks[-1] * _largest(flow, shift) + self._bounds.rounding[-1])
        return replace(flow, element=Element.INT32, frac_bits=flow.frac_bits + shift, low=-high, high=high)

    def _is_sound(self) -> bool:
        return (
            1 <= len(self.sections) <= MAX_SECTIONS
            and self.bits in COEFFICIENT_BITS
            and all(abs(value) <= LIMIT for section in self.sections for value in section)
            and all(is_stable(section, self.bits) for section in self.sections)
            and all(rings(section, self.bits) <= MAX_RESPONSE for section in self.sections)
            and all(
                sum(section[:3]) == ((1 << self.bits) + section[3] + section[4] if self.passes_constants else 0)
                for section in self.sections
            )
        )

    @property
    def _bounds(self) -> Bounds:
        return bounds(self.sections, self.bits)

    def shift(self, flow: Flow) -> int:
        """The largest left shift of samples with which no state and no sum overflows."""
        shifts = range(MAX_GUARD_BITS, -MAX_SHIFT - 1, -1)
        found = next((shift for shift in shifts if self._fits(_largest(flow, shift))), None)
        if found is None:
            raise DataError("the feature stage `filter` cannot be computed: it amplifies more than int32 can hold")
        return found

    def _fits(self, largest: int) -> bool:
        one, before = 1 << self.bits, float(largest)
        for section, peak, rounding in zip(self.sections, self._bounds.peaks, self._bounds.rounding, strict=True):
            after = peak * largest + rounding
            total = sum(map(abs, section[:3])) * before + sum(map(abs, section[3:])) * after + one
            if max(before, after) > LIMIT or total >= 2.0**62:
                return False
            before = after
        return True

    def state_bytes(self, flow: Flow) -> int:
        return 4 * (1 + flow.channels * (3 * len(self.sections) + 2))

    @property
    def coefficients(self) -> tuple[int, ...]:
        return tuple(value for section in self.sections for value in section)

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        return FilterTables(
            array(ctypes.c_int32, self.coefficients),
            len(self.sections),
            self.bits,
            self.shift(flow),
            int(self.passes_constants),
            int(flow.element is Element.INT16),
            flow.channels,
        )


def make_filter(spec: FilterSpec, flow: Flow) -> Filter:
    """Raises DataError: the signal's rate is unknown or too low, or fixed point cannot hold the filter."""
    rate_hz = sample_rate(flow, "filter")
    if not 0 < min(spec.cutoffs_hz) <= max(spec.cutoffs_hz) < rate_hz / 2:
        raise DataError(f"a filter with an edge at {max(spec.cutoffs_hz):g} Hz, of a signal of {rate_hz:g} samples a s")
    poles = sections(spec, rate_hz)
    angle = centre(spec, rate_hz) if spec.type.is_band else 0.0
    passes = spec.type in (FilterType.LOW_PASS, FilterType.BAND_STOP)
    for bits in COEFFICIENT_BITS:
        made = Filter(tuple(_section(spec.type, one, angle, bits) for one in poles), bits, passes)
        if made._is_sound() and _deviation(made, spec, poles, angle) <= ACCURACY:
            return made
    edges = " to ".join(f"{edge:g} Hz" for edge in spec.cutoffs_hz)
    raise DataError(
        f"a {spec.type} filter of order {spec.order} at {edges} is not accurate in 32-bit fixed point at {rate_hz:g}"
        " samples a second",
        hint="put `decimate` in front of it, or take a lower order or a wider band",
    )


def make_envelope(spec: EnvelopeSpec, flow: Flow) -> Filter:
    """The low-pass of an envelope."""
    return make_filter(FilterSpec(FilterType.LOW_PASS, (spec.cutoff_hz,), spec.order), flow)


def make_smooth(spec: SmoothSpec, flow: Flow) -> Filter:
    """One section with one pole. Raises DataError where the time is too long for fixed point."""
    bits = COEFFICIENT_BITS[0]
    pole = min(round(math.ldexp(math.exp(-1.0 / spec.samples), bits)), (1 << bits) - 1)
    made = Filter((((1 << bits) - pole, 0, 0, -pole, 0),), bits, True)
    if not made._is_sound():
        raise DataError(f"an average over {spec.samples:g} samples is too long for fixed point", hint="decimate first")
    return made


def sample_rate(flow: Flow, stage: str) -> float:
    """Samples a second. Raises DataError where the signal's rate is unknown."""
    if flow.rate == 0:
        raise DataError(f"`{stage}` needs the signal's rate", hint="add data.signal: {rate: 16 kHz}")
    return float(flow.sample_rate)


def _largest(flow: Flow, shift: int) -> int:
    """Magnitude of a shifted sample, at most."""
    return math.ceil(math.ldexp(max(abs(flow.low), abs(flow.high)), shift)) + 1


def _section(kind: FilterType, poles: Poles, angle: float, bits: int) -> Section:
    """Rounded, with a gain of 1 where the filter passes: exactly for constants, else to nearest."""
    one = 1 << bits
    a1, a2 = round(math.ldexp(poles.a1, bits)), round(math.ldexp(poles.a2, bits))
    if kind is FilterType.LOW_PASS:
        whole = one + a1 + a2
        b0 = round(whole / 2) if poles.single else round(whole / 4)
        return (b0, whole - b0, 0, a1, a2) if poles.single else (b0, whole - 2 * b0, b0, a1, a2)
    if kind is FilterType.HIGH_PASS:
        b0 = round((one - a1 + a2) / (2 if poles.single else 4))
        return (b0, -b0, 0, a1, a2) if poles.single else (b0, -2 * b0, b0, a1, a2)
    if kind is FilterType.BAND_PASS:
        b0 = round(one / abs(response((one, 0, -one, a1, a2), bits, angle)))
        return (b0, 0, -b0, a1, a2)
    whole = one + a1 + a2
    b0 = round(whole / (2 - 2 * math.cos(angle)))
    return (b0, whole - 2 * b0, b0, a1, a2)


def _deviation(made: Filter, spec: FilterSpec, poles: tuple[Poles, ...], angle: float) -> float:
    """The largest difference of the response to that with coefficients of 53 bits, on a grid of frequencies."""
    exact = [_section(spec.type, one, angle, _EXACT_BITS) for one in poles]
    steps = [_LOWEST_ANGLE * (math.pi / _LOWEST_ANGLE) ** (index / _GRID) for index in range(_GRID)]
    near = [pole_angle * factor for pole_angle in map(_angle, poles) for factor in (0.9, 0.99, 1.0, 1.01, 1.1)]
    return max(
        abs(
            math.prod((response(one, made.bits, at) for one in made.sections), start=1 + 0j)
            - math.prod((response(one, _EXACT_BITS, at) for one in exact), start=1 + 0j)
        )
        for at in [*steps, *(min(one, math.pi) for one in near)]
    )


def _angle(poles: Poles) -> float:
    """Of the upper pole."""
    return math.atan2(math.sqrt(max(0.0, poles.a2 - poles.a1 * poles.a1 / 4)), -poles.a1 / 2)
