"""Thresholds of anomaly scores: the rule that finds one, and what is said of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlforge.errors import DataError
from mlforge.measure.threshold import alarm_rates, threshold_for
from mlforge.records.quality import Split


@given(st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=60), st.floats(0.0, 0.99))
def test_no_more_false_alarms_than_allowed_and_no_threshold_higher_than_needed(
    normal: list[float], share: float
) -> None:
    scores, y = np.array([*normal, 2e3]), np.array([*[0] * len(normal), 1])
    found = threshold_for(scores, y, share)
    rates = alarm_rates(scores, y, found, Split.VALIDATE)
    assert rates.false_alarms <= share + 1e-9
    assert rates.detected == 1.0
    assert (rates.normal, rates.anomalous) == (len(normal), 1)
    lower = [score for score in normal if score < found / (1 + 2e-6)]
    if lower:
        assert alarm_rates(scores, y, max(lower), Split.VALIDATE).false_alarms > share - 1e-9


def test_by_hand() -> None:
    scores, y = np.array([[0.1], [0.2], [0.3], [0.4], [0.25], [9.0]]), np.array([0, 0, 0, 0, 1, 1])
    assert threshold_for(scores, y, 0.0) == pytest.approx(0.4, rel=2e-6)
    assert threshold_for(scores, y, 0.25) == pytest.approx(0.3, rel=2e-6)
    rates = alarm_rates(scores, y, 0.3, Split.TEST)
    assert (rates.false_alarms, rates.detected, rates.split) == (0.25, 0.5, Split.TEST)


def test_without_normal_examples() -> None:
    with pytest.raises(DataError, match="normal"):
        threshold_for(np.ones((2, 1)), np.ones(2, np.int64), 0.1)
    assert alarm_rates(np.ones(2), np.ones(2, np.int64), 0.5, Split.TEST).false_alarms == 0.0
