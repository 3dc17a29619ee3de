"""`Evidence`: single answers of a candidate on validation data, for people to look at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mistake:
    """An example that was answered wrongly. `score` is that of the wrong answer, or the error in the label's unit."""

    source: str  # file, and row or window
    truth: str
    answer: str
    score: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """Int8 on the host. `mistakes` are the worst, of `wrong` in all. `edges` are those of the bins of log10 of the
    anomaly score, one more than counts. `pairs` are truth and answer of the first output, of at most 400 examples."""

    examples: int
    wrong: int
    mistakes: tuple[Mistake, ...] = ()
    edges: tuple[float, ...] = ()
    normal: tuple[int, ...] = ()
    anomalous: tuple[int, ...] = ()
    pairs: tuple[tuple[float, float], ...] = ()
