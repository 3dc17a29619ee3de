"""Which examples a model gets wrong, and how its scores are spread. NumPy only; it knows no model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlforge.records.evidence import Evidence, Mistake

MOST: Final = 20  # mistakes that are listed
BINS: Final = 30
PAIRS: Final = 400

Source = Callable[[int], str]  # of an example by its number


def of_classes(scores: NDArray[Any], y: NDArray[Any], classes: Sequence[str], source: Source) -> Evidence:
    """The most certain of the wrong answers first. `scores` are [N, classes], `y` class indices."""
    answers = scores.argmax(axis=1)
    wrong = np.flatnonzero(answers != y)
    order = wrong[np.argsort(-scores[wrong, answers[wrong]], kind="stable")][:MOST]
    mistakes = tuple(
        Mistake(source(int(at)), classes[int(y[at])], classes[int(answers[at])], float(scores[at, answers[at]]))
        for at in order
    )
    return Evidence(len(y), len(wrong), mistakes)


def of_values(values: NDArray[Any], y: NDArray[Any], source: Source) -> Evidence:
    """The largest errors first, by the first output. Both are [N, outputs]."""
    truth, answers = y.reshape(len(y), -1)[:, 0], values.reshape(len(values), -1)[:, 0]
    errors = answers - truth
    order = np.argsort(-np.abs(errors), kind="stable")[:MOST]
    mistakes = tuple(
        Mistake(source(int(at)), f"{truth[at]:.4g}", f"{answers[at]:.4g}", float(errors[at])) for at in order
    )
    chosen = np.linspace(0, len(truth) - 1, min(PAIRS, len(truth))).astype(int)
    return Evidence(len(y), 0, mistakes, pairs=tuple((float(truth[at]), float(answers[at])) for at in chosen))


def of_anomalies(scores: NDArray[Any], y: NDArray[Any], source: Source) -> Evidence:
    """Anomalies that look most normal, and normal examples that look strangest, in turn. `scores` are [N, 1]."""
    flat = np.asarray(scores, np.float64).reshape(-1)
    missed = np.flatnonzero(y == 1)[np.argsort(flat[y == 1], kind="stable")][: MOST // 2]
    false = np.flatnonzero(y == 0)[np.argsort(-flat[y == 0], kind="stable")][: MOST // 2]
    mistakes = tuple(
        Mistake(source(int(at)), ("normal", "anomaly")[int(y[at])], "", float(flat[at])) for at in (*missed, *false)
    )
    logs = np.log10(np.maximum(flat, 1e-12))
    low, high = float(logs.min()), float(logs.max())
    edges = np.linspace(low, high if high > low else low + 1.0, BINS + 1)
    normal, anomalous = (np.histogram(logs[y == each], edges)[0] for each in (0, 1))
    return Evidence(len(y), 0, mistakes, tuple(map(float, edges)), tuple(map(int, normal)), tuple(map(int, anomalous)))
