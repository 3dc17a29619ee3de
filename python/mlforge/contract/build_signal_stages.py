"""The settings of stages that take the signal and make a signal."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from mlforge.contract.build_stages import Place, Steps, choice, known_settings, required, samples, whole
from mlforge.contract.reader import Reader
from mlforge.contract.schema import did_you_mean, show
from mlforge.contract.stages import StageSpec
from mlforge.contract.stages_signal import (
    DecimateSpec,
    DifferenceSpec,
    EnvelopeSpec,
    FilterSpec,
    FilterType,
    MagnitudeSpec,
    MovingMeanSpec,
    PreEmphasisSpec,
    RateOfChangeSpec,
    SmoothSpec,
    SquaredSlopeSpec,
)
from mlforge.contract.tree import Node
from mlforge.contract.units import parse_hertz

MAX_ORDER: Final = 8
LOWEST_SHARE: Final = 1 / 5000  # of the rate, of a cut-off: below it, fixed point of 32 bits is too coarse
NARROWEST_SHARE: Final = 1 / 1000  # of the rate, of a band's width, and of its lower edge where the order is high
MAX_LOW_ORDER: Final = 3  # of band-passes that begin below that share
MAX_STOP_ORDER: Final = 5  # of band-stops: those of higher orders amplify too much inside
WIDEST: Final = 15  # ratio of a band's edges
MAX_WIDE_ORDER: Final = 4  # of band-passes that are wider
MAX_SAMPLES: Final = 1 << 16
MAX_FACTOR: Final = 64
MAX_TAPS: Final = 4095
TAPS_PER_FACTOR: Final = 20  # as scipy.signal.decimate has it


def read_filter(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    if reader.node(*steps, "type") is None:
        reader.wrong((*steps, "type"), "nothing", f"one of: {', '.join(FilterType)} (required)")
        return FilterSpec(FilterType.LOW_PASS, (0.0,), 1), place
    kind = choice(reader, (*steps, "type"), FilterType, FilterType.LOW_PASS)
    edges = ("low", "high") if kind.is_band else ("cutoff",)
    known_settings(reader, steps, ["type", *edges, "order"])
    for edge in edges:
        required(reader, steps, edge, "a frequency such as '40 Hz'")
    found = tuple(cutoff(reader, (*steps, edge), place, "filter", 0.0) for edge in edges)
    order = whole(reader, (*steps, "order"), 2, 1, MAX_ORDER)
    if kind.is_band and all(found) and place.rate_hz:
        _check_band(reader, steps, FilterSpec(kind, found, order), place.rate_hz)
    return FilterSpec(kind, found, order), place


def _check_band(reader: Reader, steps: Steps, spec: FilterSpec, rate_hz: float) -> None:
    """What sections of 32 bits can hold; a test tries all orders at these limits."""
    low, high = spec.cutoffs_hz
    narrowest, simple = rate_hz * NARROWEST_SHARE, spec.type is FilterType.BAND_PASS
    band = f"{low:g} Hz to {high:g} Hz"
    if spec.type is FilterType.BAND_STOP and spec.order > MAX_STOP_ORDER:
        found = f"{spec.order}, too high for a band_stop filter in 32-bit fixed point"
        reader.wrong(
            (*steps, "order"), found, f"at most {MAX_STOP_ORDER}: two such filters behind each other stop more"
        )
    elif high - low < narrowest:
        cure = "" if low >= high else ", or `decimate` in front"
        reader.wrong((*steps, "low"), band, f"low below high by at least {narrowest:g} Hz (the rate / 1000){cure}")
    elif low < narrowest and not (simple and spec.order <= MAX_LOW_ORDER):
        found = f"{low:g} Hz, too low for a {spec.type} filter of order {spec.order} in 32-bit fixed point"
        reader.wrong((*steps, "low"), found, f"at least {narrowest:g} Hz (the rate / 1000), or `decimate` in front")
    elif high > low * WIDEST and not (simple and spec.order <= MAX_WIDE_ORDER):
        cure = "a high_pass and a low_pass filter behind each other" if simple else "a narrower band"
        found = f"{band}, too wide for a {spec.type} filter of order {spec.order} in 32-bit fixed point"
        reader.wrong((*steps, "high"), found, f"{cure}: edges of at most {WIDEST} to 1")


def read_dc(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    """A high-pass of first order."""
    return _high_pass(reader, steps, place, "dc", 20.0)


def read_gravity(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    """The signal less a slow low-pass of it: a high-pass of first order, too."""
    return _high_pass(reader, steps, place, "gravity", 0.3)


def _high_pass(reader: Reader, steps: Steps, place: Place, name: str, usual_hz: float) -> tuple[StageSpec, Place]:
    known_settings(reader, steps, ["cutoff"])
    found = cutoff(reader, (*steps, "cutoff"), place, name, usual_hz)
    return FilterSpec(FilterType.HIGH_PASS, (found,), 1), place


def read_envelope(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    known_settings(reader, steps, ["cutoff", "order"])
    required(reader, steps, "cutoff", "a frequency such as '10 Hz'")
    found = cutoff(reader, (*steps, "cutoff"), place, "envelope", 0.0)
    return EnvelopeSpec(found, whole(reader, (*steps, "order"), 2, 1, MAX_ORDER)), place


def read_pre_emphasis(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    known_settings(reader, steps, ["factor"])
    node = reader.node(*steps, "factor")
    factor = 0.97 if node is None else node.value
    if isinstance(factor, bool) or not isinstance(factor, int | float) or not 0 < factor <= 1:
        reader.wrong((*steps, "factor"), show(node) if node else "nothing", "a number above 0 and at most 1")
        factor = 0.97
    return PreEmphasisSpec(float(factor)), place


def read_difference(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    known_settings(reader, steps, ["over"])
    return DifferenceSpec(samples(reader, (*steps, "over"), place, 1, MAX_SAMPLES)), place


def read_jerk(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    """The change of acceleration from sample to sample."""
    known_settings(reader, steps, [])
    return DifferenceSpec(1), place


def read_rate_of_change(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    known_settings(reader, steps, ["over"])
    required(reader, steps, "over", "a time such as '10 s', or a whole number of samples")
    if place.rate_hz is None:
        reader.wrong(steps, "`rate_of_change`, of a signal whose rate is unknown", "data.signal: {rate: 1 Hz}")
    over = samples(reader, (*steps, "over"), place, 1, MAX_SAMPLES)
    return RateOfChangeSpec(over, place.rate_hz or 1.0), place


def read_ema(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    known_settings(reader, steps, ["time"])
    required(reader, steps, "time", "a time such as '2 s', or a whole number of samples")
    return SmoothSpec(float(samples(reader, (*steps, "time"), place, 1, MAX_SAMPLES // 8))), place


def read_moving_mean(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    known_settings(reader, steps, ["length"])
    required(reader, steps, "length", "a time such as '150 ms', or a whole number of samples")
    return MovingMeanSpec(samples(reader, (*steps, "length"), place, 1, MAX_SAMPLES)), place


def read_squared_slope(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    known_settings(reader, steps, [])
    return SquaredSlopeSpec(), place


def read_decimate(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    known_settings(reader, steps, ["factor", "taps"])
    required(reader, steps, "factor", f"a whole number from 2 to {MAX_FACTOR}")
    factor = whole(reader, (*steps, "factor"), 2, 2, MAX_FACTOR)
    taps = whole(reader, (*steps, "taps"), TAPS_PER_FACTOR * factor + 1, 3, MAX_TAPS)
    if taps % 2 == 0:
        reader.wrong((*steps, "taps"), f"{taps}, an even number", f"an odd number, such as {taps + 1}")
        taps += 1
    return DecimateSpec(factor, taps), replace(place, decimation=place.decimation * factor)


def read_magnitude(reader: Reader, steps: Steps, place: Place) -> tuple[StageSpec, Place]:
    known_settings(reader, steps, ["of", "keep"])
    names = place.signal.channels if place.signal else ()
    node = reader.node(*steps, "of")
    groups = tuple(_group(reader, (*steps, "of"), one, names) for one in _group_nodes(reader, (*steps, "of"), node))
    keep = reader.flag(*steps, "keep", default=False)
    if place.signal is not None and names:
        made = tuple(f"magnitude of {', '.join(names[one] for one in group)}" for group in groups)
        channels = (*(names if keep else ()), *(made or ("magnitude",)))
        place = replace(place, signal=replace(place.signal, channels=channels))
    return MagnitudeSpec(groups, keep), place


def _group_nodes(reader: Reader, steps: Steps, node: Node | None) -> list[Node]:
    """One group, or a list of them."""
    if node is None:
        return []
    if not isinstance(node.value, list) or not node.value:
        reader.wrong(steps, show(node), "a list of channels such as [x, y, z], or a list of such lists")
        return []
    return node.items if isinstance(node.items[0].value, list) else [node]


def _group(reader: Reader, steps: Steps, node: Node, names: tuple[str, ...]) -> tuple[int, ...]:
    """Indices of channels, from their names or as whole numbers from 0."""
    found: list[int] = []
    for item in node.items:
        if isinstance(item.value, str) and item.value in names:
            found.append(names.index(item.value))
        elif type(item.value) is int and 0 <= item.value < (len(names) or 2**16):
            found.append(item.value)
        else:
            known = (
                did_you_mean(item.text, list(names)) if names else "a channel's index from 0 (data.signal names none)"
            )
            reader.wrong(steps, f"the unknown channel {show(item)}", known)
    if not node.items:
        reader.wrong(steps, show(node), "a list of channels such as [x, y, z]")
    return tuple(found)


def cutoff(reader: Reader, steps: Steps, place: Place, stage: str, usual_hz: float) -> float:
    """A frequency that the signal's rate allows; `usual_hz` where there is none."""
    rate_hz = place.rate_hz
    if not rate_hz:
        if rate_hz is None:  # else it is wrong, and reported
            reader.wrong(steps[:-1], f"`{stage}`, of a signal whose rate is unknown", "data.signal: {rate: 16 kHz}")
        return usual_hz
    found = usual_hz if reader.node(*steps) is None else reader.quantity(parse_hertz, *steps) or 0.0
    if found >= rate_hz / 2:
        reader.wrong(steps, f"{found:g} Hz", f"less than half the rate of the signal here, {rate_hz / 2:g} Hz")
    elif 0 < found < rate_hz * LOWEST_SHARE:
        cure = f"at least {rate_hz * LOWEST_SHARE:g} Hz (the rate / 5000), or `decimate` in front"
        reader.wrong(steps, f"{found:g} Hz, too low for 32-bit fixed point at {rate_hz:g} samples a second", cure)
    else:
        return found
    return 0.0
