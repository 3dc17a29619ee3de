"""Every metric against its definition by hand, and every standard error against resampling."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mlforge.errors import DataError
from mlforge.measure.quality import evaluate, interval
from mlforge.records.quality import Confusion, Metric, Quality, Split, Stage, metric_of

CLASSES = ("walk", "run", "fall")
TRUTH = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 2])
ANSWERS = np.array([0, 0, 0, 1, 1, 1, 2, 2, 0, 0])


def judge(outputs: NDArray[Any], y: NDArray[Any], metric: Metric, **more: Any) -> Quality:
    return evaluate(outputs, y, metric=metric, stage=Stage.INT8_TARGET, split=Split.TEST, **more)


def of_classes(metric: Metric = Metric.ACCURACY, **more: Any) -> Quality:
    return judge(np.eye(3)[ANSWERS], TRUTH, metric, classes=CLASSES, **more)


def value(quality: Quality, metric: Metric, label: str = "") -> float:
    figure = quality.figure(metric, label)
    assert figure is not None
    return figure.value


def test_classes_are_told_apart() -> None:
    quality = of_classes()
    assert quality.confusion == Confusion(CLASSES, ((3, 1, 0), (0, 2, 1), (2, 0, 1)))
    assert value(quality, Metric.RECALL, "fall") == pytest.approx(1 / 3)
    assert value(quality, Metric.PRECISION, "fall") == pytest.approx(1 / 2)
    assert value(quality, Metric.F1, "fall") == pytest.approx(0.4)
    assert value(quality, Metric.FALSE_ALARMS, "fall") == pytest.approx(1 / 7)
    assert value(quality, Metric.BALANCED_ACCURACY) == pytest.approx((3 / 4 + 2 / 3 + 1 / 3) / 3)
    assert value(quality, Metric.F1) == pytest.approx((6 / 9 + 4 / 6 + 2 / 5) / 3)
    assert quality.confusion.worst(Metric.RECALL) == ("fall", 1 / 3)
    assert quality.confusion.worst(Metric.FALSE_ALARMS) == ("walk", 2 / 6)


def test_whatever_is_searched_by_the_others_stand_beside_it() -> None:
    for metric in (Metric.ACCURACY, Metric.BALANCED_ACCURACY, Metric.F1):
        quality = of_classes(metric)
        assert value(quality, metric) == quality.value
        assert value(quality, Metric.ACCURACY) == pytest.approx(0.6)


def test_what_was_not_measured_is_unknown() -> None:
    assert of_classes().figure(Metric.RECALL, "swim") is None
    assert judge(np.eye(3)[ANSWERS], TRUTH, Metric.ACCURACY).figure(Metric.RECALL, "fall") is None
    assert of_classes().figure(Metric.MSE) is None


def test_values_of_regression() -> None:
    truth, outputs = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 2.0, 3.0, 6.0])
    quality = judge(outputs, truth, Metric.MAE)
    assert quality.value == 0.5
    assert value(quality, Metric.MSE) == 1.0
    assert value(quality, Metric.R2) == pytest.approx(1 - 4 / 5)
    assert value(quality, Metric.LARGEST_ERROR) == 2.0


def test_r2_of_a_constant_is_no_figure() -> None:
    assert judge(np.arange(3.0), np.ones(3), Metric.MSE).figure(Metric.R2) is None
    with pytest.raises(DataError, match="r2 needs values that differ"):
        judge(np.arange(3.0), np.ones(3), Metric.R2)


def test_anomalies_at_a_share_of_false_alarms() -> None:
    normal, strange = np.arange(100.0), np.array([10.0, 94.5, 97.5, 200.0])
    scores, y = np.concatenate([normal, strange]), np.repeat([0, 1], [100, 4])
    quality = judge(scores, y, Metric.AUC, also=[(Metric.DETECTION, "0.02")])
    assert value(quality, Metric.DETECTION, "0.05") == 0.75  # above 94: 95 to 99 are five of a hundred
    assert value(quality, Metric.DETECTION, "0.02") == 0.5
    assert value(quality, Metric.DETECTION, "0") == 0.25
    assert value(quality, Metric.DETECTION, "0.03") == 0.5  # from the curve: as at the next smaller share, .02
    assert [share for share, _ in quality.curve] == sorted(share for share, _ in quality.curve)


def test_each_kind_of_anomaly_is_held_against_all_that_is_normal() -> None:
    labels = np.array(["ok", "ok", "bearing", "bearing", "belt"])
    quality = judge(np.array([1.0, 2, 3, 4, 1.5]), (labels != "ok").astype(int), Metric.AUC, strata={"label": labels})
    assert quality.strata == {"label=bearing": 1.0, "label=belt": 0.5}
    assert quality.strata_examples == {"label=bearing": 2, "label=belt": 1}


def test_strata_of_the_label_are_recalls() -> None:
    quality = of_classes(strata={"label": np.array(CLASSES)[TRUTH]})
    assert quality.strata["label=fall"] == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("metric", "label"),
    [
        (Metric.BALANCED_ACCURACY, ""),
        (Metric.F1, ""),
        (Metric.RECALL, "fall"),
        (Metric.PRECISION, "fall"),
        (Metric.F1, "fall"),
        (Metric.FALSE_ALARMS, "fall"),
    ],
)
def test_errors_are_those_of_resampled_groups(metric: Metric, label: str) -> None:
    """The bootstrap over groups, of which forty stand for many."""
    random = np.random.default_rng(1)
    groups = np.repeat(np.arange(40), 25)
    y = random.choice(3, 1000, p=[0.5, 0.3, 0.2])
    skill = np.repeat(random.uniform(0.5, 0.95, 40), 25)
    answers = np.where(random.random(1000) < skill, y, random.integers(0, 3, 1000))
    quality = judge(np.eye(3)[answers], y, Metric.ACCURACY, groups=groups, classes=CLASSES, also=[(metric, label)])
    figure = quality.figure(metric, label)
    assert figure is not None and figure.standard_error is not None
    drawn = []
    for _ in range(300):
        rows = np.concatenate([np.flatnonzero(groups == each) for each in random.integers(0, 40, 40)])
        again = judge(np.eye(3)[answers[rows]], y[rows], Metric.ACCURACY, classes=CLASSES, also=[(metric, label)])
        drawn.append(value(again, metric, label))
    assert figure.standard_error == pytest.approx(np.std(drawn), rel=0.25)


@pytest.mark.parametrize("metric", [Metric.MAE, Metric.R2])
def test_errors_of_regression_are_those_of_resampling(metric: Metric) -> None:
    random = np.random.default_rng(2)
    y = random.standard_normal(400)
    outputs = y + 0.5 * random.standard_normal(400)
    quality = judge(outputs, y, metric)
    rows = random.integers(0, 400, (300, 400))
    drawn = [judge(outputs[each], y[each], metric).value for each in rows]
    assert quality.standard_error == pytest.approx(np.std(drawn), rel=0.2)
    low, high = interval(quality)
    assert low < quality.value < high and (metric is Metric.MAE or high <= 1)


def test_names_of_checks_say_what_they_are_about() -> None:
    assert metric_of("worst balanced_accuracy") is Metric.BALANCED_ACCURACY
    assert metric_of("recall of a class of mine") is Metric.RECALL
    assert metric_of("flash") is None
