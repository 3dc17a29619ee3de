"""All that is looked at, in the order in which a person should read it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mlforge.contract import Contract
from mlforge.data.dataset import Dataset
from mlforge.data.looking.balance import groups_of_one_class, rare_classes, trivial_goal
from mlforge.data.looking.certainty import certainty
from mlforge.data.looking.copies import contradictions, copies
from mlforge.data.looking.leaks import leaks
from mlforge.data.looking.lengths import short_recordings, unread_files, unused_anomalies, unused_frames
from mlforge.data.looking.neighbours import near_copies
from mlforge.data.looking.scales import odd_scales
from mlforge.data.looking.seen import Seen
from mlforge.data.looking.sensors import clipped, constant_data, dead_in_some, glitches, stuck
from mlforge.data.looking.summary import summarise
from mlforge.data.splits import Splits
from mlforge.errors import DataError
from mlforge.records.data_summary import Inspection
from mlforge.records.finding import Finding, Severity

LOOKS: Final[tuple[Callable[[Seen], list[Finding]], ...]] = (
    short_recordings,
    unread_files,
    unused_frames,
    unused_anomalies,
    copies,
    near_copies,
    contradictions,
    leaks,
    constant_data,
    dead_in_some,
    stuck,
    glitches,
    clipped,
    odd_scales,
    rare_classes,
    groups_of_one_class,
    trivial_goal,
    certainty,
)
_ORDER: Final = tuple(Severity)


def look(dataset: Dataset, splits: Splits, contract: Contract) -> Inspection:
    """What is in the data of a contract, and what is wrong with them: errors first. Deterministic in its arguments."""
    seen = Seen(dataset, splits, contract)
    found = [finding for each in LOOKS for finding in each(seen)]
    return Inspection(summarise(seen), tuple(sorted(found, key=lambda one: _ORDER.index(one.severity))))


def refuse(inspection: Inspection) -> None:
    """Raises DataError where figures from these data would be wrong; it holds every error found."""
    if inspection.errors:
        raise DataError("\n".join(str(finding) for finding in inspection.errors))
