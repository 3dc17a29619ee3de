"""Figures as people read them: bytes as KiB with the exact count, times as µs or ms, shares as percent.

Knows formats only: no record except the `Check` whose unit it spells, no terminal, no HTML.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Final

from mlforge.contract.units import format_current, format_energy
from mlforge.records.cost import StreamCost
from mlforge.records.verdict import Check

NOTHING: Final = "–"
KIB: Final = 1024
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    """`text` without terminal escapes, other control characters (tab and newline stay) or direction overrides."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str, at_most: int = 200) -> str:
    """`text` in one clean line of at most `at_most` characters."""
    line = " ".join(clean(text).split())
    return line if len(line) <= at_most else line[: at_most - 1] + "…"


def kib(size_bytes: float) -> str:
    """`11.5 KiB`; `32 KiB` without decimals is exactly that; `820 B` below one KiB."""
    if not math.isfinite(size_bytes):
        return NOTHING
    if abs(size_bytes) < KIB:
        return f"{size_bytes:,.0f} B"
    return f"{_decimals(size_bytes / KIB, 1)} KiB"


def exact_bytes(size_bytes: float) -> str:
    """`11,756 B`."""
    return f"{size_bytes:,.0f} B" if math.isfinite(size_bytes) else NOTHING


def size(size_bytes: float) -> str:
    """`11.5 KiB (11,756 B)`; whole KiB and sizes below one need no second figure."""
    short, exact = kib(size_bytes), exact_beside(size_bytes)
    return f"{short} ({exact})" if exact else short


def exact_beside(size_bytes: float) -> str:
    """`11,756 B`, to stand beside `11.5 KiB`; empty where that says it all."""
    plain = not math.isfinite(size_bytes) or abs(size_bytes) < KIB or size_bytes % KIB == 0
    return "" if plain else exact_bytes(size_bytes)


def time(time_us: float) -> str:
    """`812 µs`, `4.31 ms`, `1.20 s`; `5 ms` without decimals is exactly that."""
    if not math.isfinite(time_us):
        return NOTHING
    if abs(time_us) < 1e3:
        return f"{_decimals(time_us, 1 if abs(time_us) < 100 else 0)} µs"
    if abs(time_us) < 1e6:
        return f"{_decimals(time_us / 1e3, 2)} ms"
    return f"{_decimals(time_us / 1e6, 2)} s"


def duration(seconds: float) -> str:
    """Wall time: `0.8 s`, `42 s`, `7 min 05 s`, `2 h 10 min`."""
    if not math.isfinite(seconds):
        return NOTHING
    if 0 < seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def count(value: float) -> str:
    """`1,234,567`."""
    return f"{value:,.0f}" if math.isfinite(value) else NOTHING


def _decimals(value: float, digits: int) -> str:
    return f"{value:,.{0 if value == int(value) else digits}f}"


def percent(share: float, digits: int = 1) -> str:
    """`12.3 %` of a share of 0.123. What would round to nothing keeps one figure, so that its sign is seen."""
    if not math.isfinite(share):
        return NOTHING
    text = f"{share * 100:.{digits}f}"
    return f"{share * 100:.1g} %" if share and not float(text) else f"{text} %"


def score(value: float) -> str:
    """A quality: three decimals, more for the very small and fewer for the large. `0.853`, `0.0028`, `123.4`."""
    return _fixed(value, _places(value)) if math.isfinite(value) else NOTHING


def score_with_error(value: float, standard_error: float | None) -> str:
    """`0.853 ± 0.021`: both with the same decimals; the error is left out where it is unknown."""
    return _with_error("", value, standard_error)


def signed(value: float) -> str:
    """A difference of qualities, `+0.012` or `−0.006`."""
    return signed_with_error(value, None)


def signed_with_error(value: float, standard_error: float | None) -> str:
    """`−0.012 ± 0.004`, both with the same decimals."""
    return _with_error("−" if value < 0 else "+", abs(value), standard_error)


def _with_error(sign: str, value: float, standard_error: float | None) -> str:
    if not math.isfinite(value):
        return NOTHING
    if standard_error is None or not math.isfinite(standard_error):
        return f"{sign}{score(value)}"
    standard_error = standard_error if standard_error > 1e-12 else 0.0  # the rounding of sums that cancel out
    places = _places(max(abs(value), standard_error))
    return f"{sign}{_fixed(value, places)} ± {_fixed(standard_error, places)}"


def _places(size: float) -> int:
    """Decimals for a figure of that size: three, or what leaves two significant digits of the small and four of the
    large."""
    if size == 0:
        return 3
    magnitude = math.floor(math.log10(abs(size)))
    return min(max(3, 1 - magnitude), 9) if magnitude < 1 else max(0, 3 - magnitude)


def _fixed(value: float, places: int) -> str:
    return f"{value + 0.0:.{places}f}"


def work(instructions: int | None, cycles: int | None, method: str) -> str:
    """`9,000 instructions, 12,000 cycles (estimated)`, or `(measured)` where `method` says so. Without counts, `method`
    up to its details."""
    if instructions is None or cycles is None:
        return method.partition(":")[0]
    how = "measured" if method.lower().startswith("measured") else "estimated"
    return f"{count(instructions)} instructions, {count(cycles)} cycles ({how})"


_SPELT: Final[Mapping[str, Callable[[float], str]]] = {
    "us": time,
    "uJ": format_energy,
    "uA": format_current,
    "K": "{:.3g} K".format,
    "share": percent,
}


def cpu(share: float, stream: StreamCost) -> str:
    """`12.3 % of the clock at 16,000 Hz, of which features 9.8 %`."""
    features = stream.feature_us * 1e-6 * stream.inputs_per_second
    return f"{percent(share)} of the clock at {count(stream.rate_hz)} Hz, of which features {percent(features)}"


def check_value(check: Check, value: float) -> str:
    """`value` in the unit of `check`, with the exact bytes where it is a size."""
    return {"bytes": size, **_SPELT}.get(check.unit, score)(value)


def check_short(check: Check, value: float) -> str:
    """`value` in the unit of `check`, in as few characters as make sense."""
    return {"bytes": kib, **_SPELT}.get(check.unit, score)(value)


def margin(check: Check) -> str:
    """`12.3 % to spare`, `4.0 % over` (a limit), `4.0 % too high` (an error) or `4.0 % short` (a quality goal)."""
    if not math.isfinite(check.margin):
        return NOTHING
    if check.met:
        return f"{percent(check.margin)} to spare"
    if not check.hard and check.measured > check.limit:
        return f"{percent(-check.margin)} too high"
    return f"{percent(-check.margin)} {'short' if check.measured < check.limit else 'over'}"


LABELS: Final = {
    "flash": "Flash",
    "ram": "RAM",
    "stack": "Stack",
    "latency": "Latency",
    "energy": "Energy",
    "current": "Current, average",
    "temperature_rise": "Rise in temperature",
    "cpu": "CPU",
    "blocking": "Interrupts locked",
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "f1": "F1",
    "recall": "Recall",
    "precision": "Precision",
    "false_alarms": "False alarms",
    "mse": "MSE",
    "mae": "MAE",
    "r2": "R²",
    "largest_error": "Largest error",
    "auc": "AUC",
    "detection": "Detection",
}
_WORST: Final = "worst "


def label(name: str) -> str:
    """The name of a check or metric as a title: `Worst accuracy`, `Recall of fall`."""
    if name.startswith(_WORST):
        title = label(name.removeprefix(_WORST))
        return f"Worst {title if title.isupper() else title[:1].lower() + title[1:]}"
    metric, blank, rest = name.partition(" ")
    return f"{LABELS[metric]}{blank}{one_line(rest, 60)}" if metric in LABELS else one_line(name)
