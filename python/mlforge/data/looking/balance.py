"""Classes and groups: which are rare, and what a model that learns nothing would reach."""

from __future__ import annotations

from typing import Final

import numpy as np

from mlforge.contract import Task
from mlforge.data.looking.seen import Seen
from mlforge.records.finding import Finding, Severity

UNEVEN: Final = 5.0  # times as many of one class as of another
FEW: Final = 20  # inputs of a class in training


def rare_classes(seen: Seen) -> list[Finding]:
    """Classes that have far fewer examples than the largest, or hardly any."""
    dataset = seen.dataset
    if dataset.task is not Task.CLASSIFICATION:
        return []
    train = seen.splits.train
    counts = np.bincount(dataset.labels[train], weights=seen.inputs(train), minlength=len(dataset.classes)).astype(int)
    rare = [at for at in np.argsort(counts, kind="stable") if counts[at] * UNEVEN < counts.max() or counts[at] < FEW]
    if not rare:
        return []
    listed = ", ".join(f"{dataset.classes[at]!r} {counts[at]:,}" for at in rare[:5])
    more = f" and {len(rare) - 5} more" if len(rare) > 5 else ""
    largest = int(counts.argmax())
    return [
        seen.finding(
            "rare classes",
            Severity.WARNING,
            "data",
            f"few examples train {listed}{more}; {dataset.classes[largest]!r} has {counts[largest]:,}",
            "record more of them; accuracy hides what is rare: look at each class",
        )
    ]


def trivial_goal(seen: Seen) -> list[Finding]:
    """A goal that a model meets which always says the most frequent class."""
    dataset, goal = seen.dataset, next((one for one in seen.contract.goals if one.metric == "accuracy"), None)
    if dataset.task is not Task.CLASSIFICATION or goal is None:
        return []
    members = seen.splits.test
    counts = np.bincount(dataset.labels[members], weights=seen.inputs(members), minlength=len(dataset.classes))
    share = counts.max() / counts.sum()
    if share < goal.value:
        return []
    name = dataset.classes[int(counts.argmax())]
    return [
        seen.finding(
            "trivial goal",
            Severity.WARNING,
            f"goals.{goal.key}",
            f"a model that always says {name!r} is right in {share:.3f} of the test data: the goal of {goal.value:g} "
            "asks for nothing",
            "ask for more, or record more of the other classes",
        )
    ]


def groups_of_one_class(seen: Seen) -> list[Finding]:
    """Where each group has one label alone, who it is and what it does cannot be told apart."""
    dataset = seen.dataset
    if not seen.contract.data.split.group or dataset.task is not Task.CLASSIFICATION:
        return []
    _, index = np.unique(dataset.groups, return_inverse=True)
    pairs = np.unique(index.astype(np.int64) * len(dataset.classes) + dataset.labels)
    groups = int(index.max()) + 1
    if len(pairs) > groups or groups <= len(dataset.classes):
        return []
    return [
        seen.finding(
            "groups of one class",
            Severity.NOTE,
            "data.split.group",
            f"each of the {groups:,} groups has recordings of one class alone: a model may learn to know the group",
            "record several classes of each, where that is possible",
        )
    ]
