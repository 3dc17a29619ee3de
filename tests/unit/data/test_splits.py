"""Splits: groups stay whole, every class is everywhere, and the same seed gives the same split."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mlforge.contract import SplitSpec, Task
from mlforge.data import Dataset, Source, split_dataset
from mlforge.data.splits import check_strata, rotations
from mlforge.errors import DataError


def dataset(labels: NDArray[np.int64], groups: NDArray[np.int64], task: Task = Task.CLASSIFICATION) -> Dataset:
    count = len(labels)
    classes = tuple(str(index) for index in range(int(labels.max()) + 1)) if task is not Task.REGRESSION else ()
    signals = tuple(np.zeros((4, 1), dtype=np.float32) for _ in range(count))
    return Dataset(task, signals, labels, classes, groups, {}, tuple(Source("x") for _ in range(count)), "")


@settings(max_examples=60, deadline=None)
@given(st.integers(3, 20), st.integers(2, 4), st.integers(0, 99), st.sampled_from([0.1, 0.2, 0.4]))
def test_groups_are_never_split(people: int, classes: int, seed: int, share: float) -> None:
    groups = np.repeat(np.arange(people), 2 * classes)
    labels = np.tile(np.arange(classes), 2 * people).astype(np.int64)
    data = dataset(labels, groups)
    spec = SplitSpec("person", share, share, seed)
    splits = split_dataset(data, spec)
    parts = (splits.train, splits.validate, splits.test)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(labels)))
    held = [set(groups[part].tolist()) for part in parts]
    assert not (held[0] & held[1] or held[0] & held[2] or held[1] & held[2])
    assert all(set(labels[part].tolist()) == set(range(classes)) for part in parts)
    again = split_dataset(data, spec)
    assert all((a == b).all() for a, b in zip(parts, (again.train, again.validate, again.test), strict=True))


def test_seed_changes_the_split() -> None:
    data = dataset(np.tile([0, 1], 20), np.repeat(np.arange(20), 2))
    tests = {tuple(split_dataset(data, SplitSpec("g", 0.2, 0.2, seed)).test.tolist()) for seed in range(5)}
    assert len(tests) > 1


def test_without_groups_each_class_keeps_its_share() -> None:
    labels = np.array([0] * 50 + [1] * 10, dtype=np.int64)
    splits = split_dataset(dataset(labels, np.arange(60)), SplitSpec("", 0.2, 0.2, 1))
    assert [int((labels[part] == 1).sum()) for part in (splits.train, splits.validate, splits.test)] == [6, 2, 2]
    assert [len(part) for part in (splits.train, splits.validate, splits.test)] == [36, 12, 12]


def test_rare_class_is_dealt_until_it_is_everywhere() -> None:
    groups = np.arange(12)
    labels = np.zeros(12, dtype=np.int64)
    labels[:3] = 1
    for seed in range(10):
        with_class = split_dataset(dataset(labels, groups), SplitSpec("g", 0.2, 0.2, seed))
        assert all((labels[part] == 1).any() for part in (with_class.train, with_class.validate, with_class.test))


def test_too_few() -> None:
    groups, labels = np.arange(10), np.array([1, 1] + [0] * 8, dtype=np.int64)
    with pytest.raises(DataError, match=r"class '1' has no recording .*too few samples \(2 groups\)"):
        split_dataset(dataset(labels, groups), SplitSpec("g", 0.2, 0.2, 1))
    with pytest.raises(DataError, match=r"2 recordings of class '1'"):
        split_dataset(dataset(labels, groups), SplitSpec("", 0.2, 0.2, 1))
    with pytest.raises(DataError, match="2 groups: at least 3"):
        split_dataset(dataset(labels, groups // 5), SplitSpec("g", 0.2, 0.2, 1))


def test_class_without_any_sample() -> None:
    data = dataset(np.array([0, 2] * 6, dtype=np.int64), np.arange(12))
    for group in ("", "g"):
        with pytest.raises(DataError, match="class '1'"):
            split_dataset(data, SplitSpec(group, 0.2, 0.2, 1))


@pytest.mark.parametrize("group", ["", "machine"])
def test_anomalies_never_train(group: str) -> None:
    labels = np.tile([0, 0, 0, 1], 10).astype(np.int64)
    groups = np.repeat(np.arange(10), 4) if group else np.arange(40)
    splits = split_dataset(dataset(labels, groups, Task.ANOMALY), SplitSpec(group, 0.2, 0.2, 1))
    assert (labels[splits.train] == 0).all()
    assert set(labels[splits.validate].tolist()) == set(labels[splits.test].tolist()) == {0, 1}


def test_regression_needs_no_classes() -> None:
    labels = np.linspace(0, 1, 20, dtype=np.float32).reshape(20, 1)
    splits = split_dataset(dataset(labels, np.arange(20), Task.REGRESSION), SplitSpec("", 0.1, 0.3, 1))  # type: ignore[arg-type]
    assert [len(part) for part in (splits.train, splits.validate, splits.test)] == [12, 2, 6]


def test_a_goal_on_the_worst_stratum_of_an_anomaly_needs_one_of_both_kinds() -> None:
    labels, groups = np.tile([0, 1], 10).astype(np.int64), np.arange(20)
    data = replace(dataset(labels, groups, Task.ANOMALY), strata={"machine": labels, "site": np.zeros(20, np.int64)})
    splits = split_dataset(data, SplitSpec("", 0.3, 0.3, 1))
    check_strata(data, splits, ["machine", "site"])
    with pytest.raises(DataError, match="no stratum of machine has normal and anomalous recordings in the validate"):
        check_strata(data, splits, ["machine"])
    check_strata(replace(data, task=Task.CLASSIFICATION), splits, ["machine"])


@settings(max_examples=40, deadline=None)
@given(st.integers(5, 15), st.integers(3, 5), st.integers(0, 99))
def test_each_group_is_sealed_once_and_validates_once(people: int, folds: int, seed: int) -> None:
    groups = np.repeat(np.arange(people), 4)
    data = dataset(np.tile([0, 1], 2 * people), groups)
    found = rotations(data, SplitSpec("person", 1 / folds, 1 / folds, seed, folds))
    assert len(found) == folds
    for parts in ([one.test for one in found], [one.validate for one in found]):
        assert sorted(np.concatenate(parts).tolist()) == list(range(len(groups)))
    for one, behind in zip(found, [*found[1:], found[0]], strict=True):
        assert one.validate.tolist() == behind.test.tolist()
        held = [set(groups[part].tolist()) for part in (one.train, one.validate, one.test)]
        assert not (held[0] & held[1] or held[0] & held[2] or held[1] & held[2])
    assert split_dataset(data, SplitSpec("person", 0.2, 0.2, seed, folds)).test.tolist() == found[0].test.tolist()


def test_folds_without_groups_have_each_class_in_its_share() -> None:
    labels = np.array([0] * 50 + [1] * 10, dtype=np.int64)
    found = rotations(dataset(labels, np.arange(60)), SplitSpec("", 0.2, 0.2, 1, 5))
    assert [int((labels[one.test] == 1).sum()) for one in found] == [2] * 5


def test_in_folds_anomalies_never_train() -> None:
    labels = np.tile([0, 0, 1], 20)
    found = rotations(dataset(labels, np.repeat(np.arange(12), 5), Task.ANOMALY), SplitSpec("m", 0.25, 0.25, 1, 4))
    assert not any(labels[one.train].any() for one in found)
    assert sum(int(labels[one.test].sum()) for one in found) == 20


def test_too_few_for_the_folds() -> None:
    data = dataset(np.tile([0, 1], 8), np.repeat(np.arange(4), 4))
    with pytest.raises(DataError, match="4 groups for 5 folds"):
        rotations(data, SplitSpec("g", 0.2, 0.2, 1, 5))
    lonely = dataset(np.array([0] * 15 + [1]), np.repeat(np.arange(8), 2))
    with pytest.raises(DataError, match="class '1' has no recording in the"):
        rotations(lonely, SplitSpec("g", 0.2, 0.2, 1, 4))
