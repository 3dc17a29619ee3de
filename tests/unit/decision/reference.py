"""The rules of docs/decisions.md in plain Python: floating-point means, no ring, nothing shared with the C code."""

from __future__ import annotations

from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from mlforge.records.decision import Decision


def decided(decision: Decision, scores: NDArray[np.int8]) -> list[int]:
    """The class whose event begins with each window, or -1."""
    events, current, proposals, last_event = [], -1, [-1], -(10**9)
    for now in range(len(scores)):
        averages = [_mean(scores[max(0, now - decision.smoothing + 1) : now + 1, c]) for c in range(decision.classes)]
        may_begin = now - last_event >= decision.refractory
        proposals.append(_proposal(decision, averages, current, may_begin))
        before, newest = current, proposals[-decision.consecutive :]
        if len(newest) == decision.consecutive and len(set(newest)) == 1:
            current = newest[0]
        event = current if current != before and current >= 0 and not decision.background[current] else -1
        last_event = now if event >= 0 else last_event
        events.append(event)
    return events


def _proposal(decision: Decision, averages: list[int], current: int, may_begin: bool) -> int:
    best = current if current >= 0 and averages[current] >= decision.thresholds[current][1] else -1
    for index, average in enumerate(averages):
        begins = average >= decision.thresholds[index][0] and (may_begin or decision.background[index])
        if begins and (best < 0 or average > averages[best]):
            best = index
    return best


def _mean(values: NDArray[np.int8]) -> int:
    mean = float(values.astype(float).mean())
    return floor(mean + 0.5) if mean >= 0 else ceil(mean - 0.5)
