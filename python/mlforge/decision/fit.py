"""The contract's `decision` for one model: its scores in the quantisation of the output, its times in windows."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log2
from typing import Final

from mlforge.contract.streams import DecisionSpec, FalseAccepts, Span, StreamSpec
from mlforge.errors import DataError
from mlforge.records.decision import Decision

LOWEST: Final = -128  # as if there were no threshold
HIGHEST: Final = 127
LEVELS_PER_OCTAVE: Final = 8  # of an autoencoder's error: runtime/decision/by_error.c
MAX_SMOOTHING: Final = 255
MAX_REFRACTORY: Final = 65_535


def fit_decision(
    spec: StreamSpec,
    classes: Sequence[str],
    scale: float,
    zero_point: int,
    hop_us: float,
    enter: int | None = None,
    given_bytes: int = 0,
) -> Decision:
    """The decision in whole numbers.

    Args:
        classes: in the order of the model's outputs.
        scale, zero_point: of the model's output.
        hop_us: from one window to the next; 0 where the signal has no rate, and then no time may be asked for.
        enter: int8, in place of a rule that has been followed; None takes the highest score for it.
        given_bytes: above 0 for an autoencoder: of its input. Its scores are levels of its error.

    Raises:
        DataError: a class that the model does not have, a score beyond the output's range, or a time of too many
            windows.
    """
    if unknown := sorted({*spec.classes, *spec.background} - {*classes}):
        raise DataError(f"decision: the data have no class {unknown[0]!r}: {', '.join(classes)}")
    pairs = []
    for label in classes:
        wanted = spec.classes.get(label, spec.common)
        if isinstance(wanted, FalseAccepts):
            pairs.append((HIGHEST if enter is None else enter,) * 2)
        elif wanted is None:
            pairs.append((LOWEST, LOWEST))
        else:
            pairs.append(level_pair(wanted) if given_bytes else score_pair(wanted, scale, zero_point))
    return Decision(
        thresholds=tuple(pairs),
        background=tuple(label in spec.background for label in classes),
        smoothing=_windows(spec.smoothing, "smoothing", hop_us, 1, MAX_SMOOTHING),
        consecutive=spec.consecutive,
        refractory=_windows(spec.refractory, "refractory", hop_us, 0, MAX_REFRACTORY),
        given_bytes=given_bytes,
    )


def score_pair(wanted: DecisionSpec, scale: float, zero_point: int) -> tuple[int, int]:
    """int8 enter and leave: a score reaches one exactly when the number that it stands for reaches the wanted one.

    Raises:
        DataError: beyond the range of the output.
    """
    found = []
    for value in (wanted.enter, wanted.leave):
        code = ceil(value / scale - 1e-9) + zero_point
        if not LOWEST <= code <= HIGHEST + 1:  # 1 itself lies one step beyond a softmax's range
            low, high = ((limit - zero_point) * scale for limit in (LOWEST, HIGHEST))
            raise DataError(f"{value:g}: the model's scores go from {low:.3g} to {high:.3g}")
        found.append(min(code, HIGHEST))
    return found[0], found[1]


def level_pair(wanted: DecisionSpec) -> tuple[int, int]:
    """int8 levels from which on an error is at least what is wanted, to the next eighth of an octave."""
    enter, leave = (
        min(max(ceil(LEVELS_PER_OCTAVE * log2(value) - 1e-9), LOWEST), HIGHEST) if value > 0 else LOWEST
        for value in (wanted.enter, wanted.leave)
    )
    return enter, leave


def level_error(level: int) -> float:
    """The error from which on it has that level."""
    return float(2 ** (level / LEVELS_PER_OCTAVE))


def _windows(span: Span, name: str, hop_us: float, least: int, most: int) -> int:
    if span.time_us is not None and not hop_us:
        raise DataError(f"decision.{name}: a time needs the signal's rate")
    windows = max(span.windows_of(hop_us), least)
    if windows > most:
        raise DataError(f"decision.{name}: {windows} windows of {hop_us / 1e3:g} ms, at most {most}")
    return windows
