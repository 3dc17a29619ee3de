"""Train, validation and test by group: a person or machine is in exactly one of them, windows are never shuffled apart.

Deterministic in the data and `split.seed`, and independent of the search's seed. Knows no loader.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlforge.contract import SplitSpec, Task
from mlforge.data.dataset import Dataset
from mlforge.errors import DataError

Indices = NDArray[np.int64]

ATTEMPTS: Final = 200  # deals that are tried until every split has each class; the first is nearly always good


@dataclass(frozen=True, slots=True)
class Splits:
    """Indices of recordings, sorted: int64 [n] each, disjoint. For anomaly `train` holds normal recordings alone."""

    train: Indices
    validate: Indices
    test: Indices


def split_dataset(dataset: Dataset, spec: SplitSpec) -> Splits:
    """Holds out whole groups: about `spec.validate` and `spec.test` of them, at least one each.

    Groups that are single recordings (no `group` in the contract) are dealt class by class, so that every split has
    each class in its share.

    Raises:
        DataError: too few groups, or a class that one of the splits would lack.
    """
    return rotations(dataset, spec)[0]


def rotations(dataset: Dataset, spec: SplitSpec) -> tuple[Splits, ...]:
    """The one split of a contract without folds. With k folds, k splits: each fold is the test split once, and the one
    behind it validates; the others train. The first is the search's.

    Raises:
        DataError: as `split_dataset`.
    """
    generator = np.random.default_rng(spec.seed)
    lacking: tuple[str, str] | None = None
    for _ in range(ATTEMPTS + 1 if spec.group else 1):
        dealt = _rotated(dataset, spec, generator) if spec.folds else (_deal(dataset, spec, generator),)
        lacking = next((found for splits in dealt if (found := _lacking(dataset, splits))), None)
        if lacking is None:
            return dealt
    raise _too_few(dataset, *(lacking or ("", "")))


def _too_few(dataset: Dataset, name: str, split: str) -> DataError:
    index = dataset.classes.index(name)
    groups = len(np.unique(dataset.groups[dataset.labels == index]))
    return DataError(
        f"class {name!r} has no recording in the {split} split: it has too few samples ({groups} groups)",
        hint="record more groups of it, drop it, or change the shares in data.split",
    )


def _rotated(dataset: Dataset, spec: SplitSpec, generator: np.random.Generator) -> tuple[Splits, ...]:
    """Groups, or recordings class by class, dealt to the folds in turn."""
    by_class = not spec.group and dataset.task is not Task.REGRESSION
    decks = (
        [dataset.groups[dataset.labels == at] for at in range(len(dataset.classes))] if by_class else [dataset.groups]
    )
    fold = np.zeros(len(dataset.groups), np.int64)
    for deck in decks:
        groups = np.unique(deck)
        if len(groups) < spec.folds:
            what = "groups" if spec.group else "recordings"
            raise DataError(f"{len(groups)} {what} for {spec.folds} folds", hint="fewer folds (data.split.folds)")
        dealt = dict(zip(groups[generator.permutation(len(groups))].tolist(), cycle(range(spec.folds))))
        members = np.isin(dataset.groups, groups)
        fold[members] = [dealt[group] for group in dataset.groups[members].tolist()]
    found = []
    for test in range(spec.folds):
        train = (fold != test) & (fold != (test + 1) % spec.folds)
        if dataset.task is Task.ANOMALY:
            train &= dataset.labels == 0
        parts = train, fold == (test + 1) % spec.folds, fold == test
        found.append(Splits(*(np.flatnonzero(chosen).astype(np.int64) for chosen in parts)))
    return tuple(found)


def _deal(dataset: Dataset, spec: SplitSpec, generator: np.random.Generator) -> Splits:
    if spec.group or dataset.task is Task.REGRESSION:
        validate, test = _held_out(np.unique(dataset.groups), spec, generator, "groups")
    else:
        validate, test = _by_class(dataset, spec, generator)
    in_validate, in_test = np.isin(dataset.groups, validate), np.isin(dataset.groups, test)
    in_train = ~(in_validate | in_test)
    if dataset.task is Task.ANOMALY:
        in_train &= dataset.labels == 0
    return Splits(*(np.flatnonzero(chosen).astype(np.int64) for chosen in (in_train, in_validate, in_test)))


def _held_out(
    groups: NDArray[Any], spec: SplitSpec, generator: np.random.Generator, what: str
) -> tuple[NDArray[Any], NDArray[Any]]:
    if len(groups) < 3:
        raise DataError(f"{len(groups)} {what}: at least 3 are needed, for training, validation and test")
    shuffled = groups[generator.permutation(len(groups))]
    validate = max(1, round(spec.validate * len(groups)))
    test = max(1, round(spec.test * len(groups)))
    while validate + test >= len(groups):  # at least one group trains
        validate, test = (validate - 1, test) if validate >= test else (validate, test - 1)
    return shuffled[:validate], shuffled[validate : validate + test]


def _by_class(dataset: Dataset, spec: SplitSpec, generator: np.random.Generator) -> tuple[NDArray[Any], NDArray[Any]]:
    chosen = []
    for index, name in enumerate(dataset.classes):
        members = dataset.groups[dataset.labels == index]
        if dataset.task is Task.ANOMALY and index == 1:
            chosen.append(_halves(members, spec, generator))
        else:
            chosen.append(_held_out(members, spec, generator, f"recordings of class {name!r}"))
    return np.concatenate([pair[0] for pair in chosen]), np.concatenate([pair[1] for pair in chosen])


def _halves(
    members: NDArray[Any], spec: SplitSpec, generator: np.random.Generator
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Anomalies never train: all of them go to validation and test, in the ratio of those two."""
    if len(members) < 2:
        raise DataError(f"{len(members)} anomalous recordings: at least 2 are needed, for validation and test")
    shuffled = members[generator.permutation(len(members))]
    cut = min(len(members) - 1, max(1, round(len(members) * spec.validate / (spec.validate + spec.test))))
    return shuffled[:cut], shuffled[cut:]


def check_strata(dataset: Dataset, splits: Splits, columns: Sequence[str]) -> None:
    """For a goal on the worst stratum of these columns: auc needs one that has normal and anomalous recordings, in
    validation and in test. Raises DataError where there is none; better before a search than behind it."""
    if dataset.task is not Task.ANOMALY:
        return
    for split, members in (("validate", splits.validate), ("test", splits.test)):
        labels = dataset.labels[members]
        for column in columns:
            values = dataset.strata[column][members]
            if any(len(np.unique(labels[values == value])) == 2 for value in np.unique(values)):
                break
        else:
            raise DataError(
                f"no stratum of {', '.join(columns)} has normal and anomalous recordings in the {split} split",
                hint="goals.worst needs one to judge; name other columns in data.strata",
            )


def _lacking(dataset: Dataset, splits: Splits) -> tuple[str, str] | None:
    """The first (class, split) without a recording; None where there is none."""
    if dataset.task is Task.REGRESSION:
        return None
    for split, members in (("train", splits.train), ("validate", splits.validate), ("test", splits.test)):
        for index, name in enumerate(dataset.classes):
            needed = not (dataset.task is Task.ANOMALY and index == 1 and split == "train")
            if needed and not (dataset.labels[members] == index).any():
                return name, split
    return None
