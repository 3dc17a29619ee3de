"""Single answers: the worst first, and spreads whose counts add up."""

from __future__ import annotations

import numpy as np

from mlforge.measure.evidence import BINS, MOST, of_anomalies, of_classes, of_values


def source(example: int) -> str:
    return f"file:{example}"


def test_the_most_certain_mistakes_come_first() -> None:
    scores = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.99, 0.01]])
    found = of_classes(scores, np.array([0, 0, 1, 1]), ("walk", "run"), source)
    assert (found.examples, found.wrong) == (4, 3)
    assert [(one.source, one.truth, one.answer) for one in found.mistakes] == [
        ("file:3", "run", "walk"),
        ("file:1", "walk", "run"),
        ("file:2", "run", "walk"),
    ]


def test_many_mistakes_are_cut() -> None:
    found = of_classes(np.tile([1.0, 0.0], (100, 1)), np.ones(100, np.int64), ("a", "b"), source)
    assert (found.wrong, len(found.mistakes)) == (100, MOST)


def test_the_largest_errors_come_first() -> None:
    found = of_values(np.array([[1.0], [5.0], [2.0]]), np.array([1.0, 2.0, 2.5]), source)
    assert found.mistakes[0].source == "file:1"
    assert found.pairs == ((1.0, 1.0), (2.0, 5.0), (2.5, 2.0))


def test_scores_are_counted_in_bins_of_their_logarithm() -> None:
    scores, y = np.array([[0.0], [0.1], [1.0], [10.0]]), np.array([0, 0, 1, 1])
    found = of_anomalies(scores, y, source)
    assert len(found.edges) == BINS + 1 == len(found.normal) + 1
    assert (sum(found.normal), sum(found.anomalous)) == (2, 2)
    assert found.mistakes[0].source == "file:2" and found.mistakes[2].source == "file:1"


def test_equal_scores_have_a_histogram_too() -> None:
    found = of_anomalies(np.ones((4, 1)), np.array([0, 0, 1, 1]), source)
    assert sum(found.normal) == sum(found.anomalous) == 2
