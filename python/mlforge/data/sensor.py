"""What files tell of their sensor, held against what the contract says in `data.signal`."""

from __future__ import annotations

import re
from typing import Final

from mlforge.contract import Contract
from mlforge.contract.units import format_frequency
from mlforge.data.recordings import Sampling
from mlforge.errors import DataError

NEAR: Final = 0.01  # of a rate: clocks of sensors are not better than that
_TIME: Final = re.compile(r"(?:time|times|timestamp|t|date|datetime|epoch|seconds|millis)(?:[\s_.\[(/-].*)?", re.I)
_UNITS_S: Final = {"s": 1.0, "sec": 1.0, "seconds": 1.0, "ms": 1e-3, "millis": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def check_sensor(sampling: Sampling, contract: Contract) -> None:
    """Raises DataError where files have another rate than the contract says, or its channels in another order."""
    signal = contract.data.signal
    if signal is None:
        return
    if sampling.rate_hz and abs(sampling.rate_hz - signal.rate_hz) > NEAR * signal.rate_hz:
        found = format_frequency(round(sampling.rate_hz))
        raise DataError(
            f"data.signal.rate is {format_frequency(signal.rate_hz)}, but the recordings have {found}",
            file=contract.path,
            row=contract.lines.get("data.signal.rate", 0),
            hint=f"rate: {found}; or resample the recordings to what the device samples at",
        )
    same = sorted(sampling.channels) == sorted(signal.channels)
    if signal.channels and same and sampling.channels != signal.channels:
        raise DataError(
            f"data.signal.channels is {', '.join(signal.channels)}, but the recordings have them in another order: "
            f"{', '.join(sampling.channels)}",
            file=contract.path,
            row=contract.lines.get("data.signal.channels", 0),
            hint="name them in the order of the recordings, in which the device has to give them, too",
        )


def is_time(name: str) -> bool:
    """Whether a column's name says that it holds points in time."""
    return _TIME.fullmatch(name.strip()) is not None


def rates_of(name: str, step: float) -> tuple[float, ...]:
    """The rates, in Hz, that a column of times of this name may mean whose values grow by `step`: one where the name
    tells the unit, else for seconds and for milliseconds."""
    words = [word for word in re.split(r"[\s_.\[\]()/-]+", name.strip().lower()) if word]
    unit = next((_UNITS_S[word] for word in reversed(words) if word in _UNITS_S), None)
    return (1 / (step * unit),) if unit else (1 / step, 1e3 / step)
