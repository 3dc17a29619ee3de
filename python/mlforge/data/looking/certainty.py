"""What validation and test data of this size can prove, and what they cannot: said before the search.

The standard error of a share p of n independent examples is sqrt(p (1 - p) / n); that of the area under the ROC curve
is Hanley's and McNeil's (Radiology 143, 1982); a mean square of normal errors has the relative error sqrt(2 / n).
Examples of one group are not independent, so the truth lies between counting examples and counting groups.
"""

from __future__ import annotations

from math import sqrt
from typing import Final

import numpy as np

from mlforge.contract import Goal, Task
from mlforge.data.looking.seen import Seen
from mlforge.records.finding import Finding, Severity

FEW_GROUPS: Final = 5
ROUGH: Final = 0.05  # a standard error that hides most differences between candidates
CONFIDENT: Final = 1.96  # standard errors, 95 %, two-sided


def certainty(seen: Seen) -> list[Finding]:
    """One finding for the split that chooses, and one for the split that proves."""
    goal = next((one for one in seen.contract.goals if not one.worst), seen.contract.goals[0])
    return [_of(seen, goal, "validate", "chooses"), _of(seen, goal, "test", "proves")]


def _of(seen: Seen, goal: Goal, split: str, purpose: str) -> Finding:
    members = seen.members(split)
    inputs, groups = int(seen.inputs(members).sum()), len(np.unique(seen.dataset.groups[members]))
    least, most = _error(seen, goal, split, inputs), _error(seen, goal, split, groups)
    grouped = bool(seen.contract.data.split.group)
    units = f"{groups:,} {'group' if grouped else 'recording'}{'s' if groups > 1 else ''}"
    counted = f"{inputs:,} examples" if inputs == groups else f"{inputs:,} examples of {units}"
    one = "group" if grouped else "recording"
    error = f"±{_text(seen, least)}"
    if inputs != groups:
        error += f" if all were independent, ±{_text(seen, most)} if those of one {one} stand or fall together"
    apart = CONFIDENT * sqrt(2) * least
    rough = (grouped and groups < FEW_GROUPS) or least > ROUGH * _scale(seen, goal)
    what = (
        f"the {split} split, which {purpose}, has {counted}: at {goal.metric} {goal.value:g} the standard error is "
        f"{error}; candidates closer than about {_text(seen, apart)} cannot be told apart by it"
    )
    cure = f"record more {'groups' if grouped else 'recordings'}, or hold more out (data.split.{split})"
    if not rough:
        cure = "more of them would tell finer differences"
    return seen.finding("certainty", Severity.WARNING if rough else Severity.NOTE, f"data.split.{split}", what, cure)


def _text(seen: Seen, error: float) -> str:
    """Shares have three decimals, errors in a label's unit three digits."""
    return f"{error:.3g}" if seen.dataset.task is Task.REGRESSION else f"{error:.3f}"


def _scale(seen: Seen, goal: Goal) -> float:
    """What a rough error is held against: a mean square's own size, twice, as it varies that much more."""
    return 2 * goal.value if seen.dataset.task is Task.REGRESSION else 1.0


def _error(seen: Seen, goal: Goal, split: str, count: int) -> float:
    """The standard error of the goal's metric at its goal, with so many independent examples."""
    match seen.dataset.task:
        case Task.CLASSIFICATION:
            share = min(max(goal.value, 0.5 / count), 1 - 0.5 / count)
            return sqrt(share * (1 - share) / count)
        case Task.REGRESSION:
            return goal.value * sqrt(2 / count)
    anomalous = float((seen.dataset.labels[seen.members(split)] == 1).mean())
    return _hanley_mcneil(goal.value, max(1.0, count * anomalous), max(1.0, count * (1 - anomalous)))


def _hanley_mcneil(area: float, anomalous: float, normal: float) -> float:
    one, two = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (anomalous - 1) * (one - area**2) + (normal - 1) * (two - area**2)
    return sqrt(max(0.0, variance) / (anomalous * normal))
