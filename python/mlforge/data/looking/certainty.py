"""What validation and test data of this size can prove, and what they cannot: said before the search.

The standard error of a share p of n independent examples is sqrt(p (1 - p) / n); that of the area under the ROC curve
is Hanley's and McNeil's (Radiology 143, 1982); a mean square of normal errors has the relative error sqrt(2 / n), the
mean of their sizes sqrt((pi / 2 - 1) / n); of R2 it is 2 (1 - R2) sqrt(R2 / n) (Olkin and Finn, 1995).
Examples of one group are not independent, so the truth lies between counting examples and counting groups.
"""

from __future__ import annotations

from math import pi, sqrt
from typing import Final

import numpy as np

from mlforge.contract import Goal, Task
from mlforge.contract.contract import OF_A_CLASS
from mlforge.data.looking.seen import Seen
from mlforge.data.splits import Indices
from mlforge.records.finding import Finding, Severity
from mlforge.records.quality import Metric

FEW_GROUPS: Final = 5
ROUGH: Final = 0.05  # a standard error that hides most differences between candidates
CONFIDENT: Final = 1.96  # standard errors, 95 %, two-sided


def certainty(seen: Seen) -> list[Finding]:
    """One finding for the split that chooses, and one for the split that proves."""
    goal = next((one for one in seen.contract.goals if not one.worst), seen.contract.goals[0])
    if goal.metric is Metric.LARGEST_ERROR:  # of one example: nothing is known of its spread
        return []
    return [_of(seen, goal, "validate", "choose"), _of(seen, goal, "test", "prove")]


def _members(seen: Seen, split: str) -> Indices:
    """With folds all groups validate once, and are sealed once but where the search compared candidates."""
    if not seen.contract.data.split.folds:
        return seen.members(split)
    everybody = np.arange(len(seen.dataset.signals))
    return everybody if split == "validate" else np.setdiff1d(everybody, seen.splits.validate)


def _of(seen: Seen, goal: Goal, split: str, purpose: str) -> Finding:
    members, folds = _members(seen, split), seen.contract.data.split.folds
    what_it_is = f"the {split} groups of all folds together" if folds else f"the {split} split"
    key = "data.split.folds" if folds else f"data.split.{split}"
    inputs, groups = int(seen.inputs(members).sum()), len(np.unique(seen.dataset.groups[members]))
    about = _about(seen, goal, split)
    least, most = _error(seen, goal, split, inputs * about), _error(seen, goal, split, max(1.0, groups * about))
    grouped = bool(seen.contract.data.split.group)
    units = f"{groups:,} {'group' if grouped else 'recording'}{'s' if groups > 1 else ''}"
    counted = f"{inputs:,} examples" if inputs == groups else f"{inputs:,} examples of {units}"
    one = "group" if grouped else "recording"
    error = f"±{_text(seen, least)}"
    if inputs != groups:
        error += f" if all were independent, ±{_text(seen, most)} if those of one {one} stand or fall together"
    apart = CONFIDENT * sqrt(2) * least
    rough = (grouped and groups < FEW_GROUPS) or least > ROUGH * _scale(seen, goal)
    which = f"which {purpose}, have" if folds else f"which {purpose}s, has"
    what = (
        f"{what_it_is}, {which} {counted}: at {goal.name} {goal.value:g} the standard error is {error}; candidates "
        f"closer than about {_text(seen, apart)} cannot be told apart by it"
    )
    cure = f"record more {'groups' if grouped else 'recordings'}"
    if not folds:
        cure += f", hold more out (data.split.{split}), or hold each out in turn (data.split.folds)"
    if not rough:
        cure = "more of them would tell finer differences"
    return seen.finding("certainty", Severity.WARNING if rough else Severity.NOTE, key, what, cure)


def _text(seen: Seen, error: float) -> str:
    """Shares have three decimals, errors in a label's unit three digits."""
    return f"{error:.3g}" if seen.dataset.task is Task.REGRESSION else f"{error:.3f}"


def _scale(seen: Seen, goal: Goal) -> float:
    """What a rough error is held against: an error's own size, of squares twice, as they vary that much more."""
    if seen.dataset.task is not Task.REGRESSION or goal.metric is Metric.R2:
        return 1.0
    return (2 if goal.metric is Metric.MSE else 1) * goal.value


def _about(seen: Seen, goal: Goal, split: str) -> float:
    """The share of a split's examples that a goal is about, as far as its error goes: those of its class, for a mean
    over classes as many as would make the same error of one share."""
    members = _members(seen, split)
    labels, task = seen.dataset.labels[members], seen.dataset.task
    if goal.metric is Metric.DETECTION:
        return float((labels == 1).mean())
    if task is not Task.CLASSIFICATION or goal.metric is Metric.ACCURACY:
        return 1.0
    counts = np.bincount(labels, weights=seen.inputs(members), minlength=len(seen.dataset.classes))
    shares = counts[counts > 0] / counts.sum()
    if goal.metric in OF_A_CLASS or goal.label:
        known = goal.label in seen.dataset.classes
        share = counts[seen.dataset.classes.index(goal.label)] / counts.sum() if known else shares.min()
        return float(1 - share if goal.metric is Metric.FALSE_ALARMS else share)
    return float(len(shares) ** 2 / (1 / shares).sum())


def _error(seen: Seen, goal: Goal, split: str, count: float) -> float:
    """The standard error of the goal's metric at its goal, with so many independent examples that it is about."""
    match goal.metric:
        case Metric.MSE:
            return goal.value * sqrt(2 / count)
        case Metric.MAE:  # of normal errors: the relative error of the mean of their sizes
            return goal.value * sqrt((pi / 2 - 1) / count)
        case Metric.R2:
            return 2 * (1 - goal.value) * sqrt(max(goal.value, 0.5 / count) / count)
        case Metric.AUC:
            anomalous = float((seen.dataset.labels[_members(seen, split)] == 1).mean())
            return _hanley_mcneil(goal.value, max(1.0, count * anomalous), max(1.0, count * (1 - anomalous)))
    edge = min(0.5 / count, 0.5)
    share = min(max(goal.value, edge), 1 - edge)
    return sqrt(share * (1 - share) / count)


def _hanley_mcneil(area: float, anomalous: float, normal: float) -> float:
    one, two = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (anomalous - 1) * (one - area**2) + (normal - 1) * (two - area**2)
    return sqrt(max(0.0, variance) / (anomalous * normal))
