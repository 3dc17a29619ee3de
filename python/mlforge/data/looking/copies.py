"""The same values in two splits: what is trained on is then what is judged by, and every figure is too good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.data.looking.content import Pieces, every, piece_frames, pieces, whole
from mlforge.data.looking.seen import Seen
from mlforge.records.finding import Finding, Severity

PARTLY: Final = 0.02  # of a recording's pieces stand elsewhere, too
SERIOUS: Final = 0.01  # of a split's recordings
FEW_VALUES: Final = 32  # in every column of a table: equal rows are no copies
MANY_TWICE: Final = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class _Copied:
    """Of one split, those recordings that stand in an earlier one, too, and where."""

    split: str
    members: NDArray[np.int64]
    recordings: NDArray[np.int64]
    originals: NDArray[np.int64]

    @property
    def share(self) -> float:
        return len(self.recordings) / len(self.members)


def copies(seen: Seen) -> list[Finding]:
    """Recordings that are held out and trained on, in whole or in part; and those that are trained on twice."""
    frames, keep = piece_frames(seen), every(seen)
    parts = {name: pieces(seen, seen.members(name), frames, keep) for name in ("train", "validate", "test")}
    found = [
        _copied(seen, "validate", parts["validate"], parts["train"]),
        _copied(seen, "test", parts["test"], parts["train"]),
    ]
    return [
        *_across(seen, found),
        *_between(seen, _copied(seen, "test", parts["test"], parts["validate"])),
        *_twice(seen),
    ]


def contradictions(seen: Seen) -> list[Finding]:
    """Equal recordings with different labels."""
    labels = seen.dataset.labels.reshape(len(seen.dataset.signals), -1)
    hashes = whole(seen, range(len(labels)))
    order = np.argsort(hashes, kind="stable")
    same = (hashes[order][1:] == hashes[order][:-1]) & (hashes[order][1:] != 0)
    wrong = same & (labels[order][1:] != labels[order][:-1]).any(axis=1)
    if not wrong.any():
        return []
    pairs = list(zip(order[:-1][wrong], order[1:][wrong], strict=True))
    label = seen.dataset.label_of
    places = [
        f"{seen.place(one)} is {label(int(one))}, {seen.place(other)} {label(int(other))}" for one, other in pairs
    ]
    what = f"{len(pairs):,} pair{'s' if len(pairs) > 1 else ''} of equal recordings with different labels"
    cure = "decide which label is right; no model can learn both"
    return [seen.finding("contradictory labels", Severity.WARNING, "data.loader", what, cure, places=places)]


def _copied(seen: Seen, split: str, held: Pieces, known: Pieces) -> _Copied:
    order = np.argsort(known.hashes, kind="stable")
    place = np.minimum(np.searchsorted(known.hashes[order], held.hashes), max(0, len(order) - 1))
    equal = known.hashes[order][place] == held.hashes if len(order) else np.zeros(len(held.hashes), dtype=bool)
    count = len(seen.dataset.signals)
    total = np.bincount(held.owners, minlength=count)
    hits = np.bincount(held.owners[equal], minlength=count)
    recordings = np.flatnonzero((hits > 0) & (hits >= PARTLY * total))
    original = np.zeros(count, dtype=np.int64)
    original[held.owners[equal]] = known.owners[order][place[equal]] if len(order) else 0
    return _Copied(split, seen.members(split), recordings, original[recordings])


def _across(seen: Seen, found: list[_Copied]) -> list[Finding]:
    if not any(len(one.recordings) for one in found):
        return []
    counts = " and ".join(
        f"{len(one.recordings):,} of {len(one.members):,} {one.split} recordings"
        for one in found
        if len(one.recordings)
    )
    serious = max(one.share for one in found) > SERIOUS and not _of_few_values(seen)
    what = f"{counts} are in the training split, too, value for value, in whole or in part: figures will be too good"
    return [
        seen.finding(
            "duplicates",
            Severity.ERROR if serious else Severity.WARNING,
            "data.split.group" if seen.contract.data.split.group else "data.split",
            what,
            _cure(seen),
            places=[_pair(seen, at, original) for one in found for at, original in _pairs(one)],
        )
    ]


def _between(seen: Seen, found: _Copied) -> list[Finding]:
    if found.share <= SERIOUS:
        return []
    return [
        seen.finding(
            "duplicates of validation data",
            Severity.WARNING,
            "data.split",
            f"{len(found.recordings):,} of {len(found.members):,} test recordings are in the validation split, too",
            _cure(seen),
            places=[_pair(seen, at, original) for at, original in _pairs(found)],
        )
    ]


def _twice(seen: Seen) -> list[Finding]:
    hashes = whole(seen, seen.splits.train.tolist())
    order = np.argsort(hashes, kind="stable")
    again = (hashes[order][1:] == hashes[order][:-1]) & (hashes[order][1:] != 0)
    if again.mean() <= MANY_TWICE if len(again) else True:
        return []
    pairs = zip(seen.splits.train[order[1:][again]], seen.splits.train[order[:-1][again]], strict=True)
    return [
        seen.finding(
            "trained on twice",
            Severity.NOTE,
            "data.loader",
            f"{int(again.sum()):,} of {len(hashes):,} training recordings are copies of others: they weigh double",
            "leave them out, unless that is meant",
            places=[_pair(seen, *pair) for pair in pairs],
        )
    ]


def _pairs(found: _Copied) -> list[tuple[int, int]]:
    return list(zip(found.recordings.tolist(), found.originals.tolist(), strict=True))


def _pair(seen: Seen, one: int, other: int) -> str:
    """`data.npz:18 = data.npz:17`, with their groups where these differ."""
    groups = [str(seen.dataset.groups[at]) for at in (one, other)]
    named = f" of groups {groups[0]} and {groups[1]}" if seen.contract.data.split.group else ""
    return f"{seen.place(one)} = {seen.place(other)}{named}"


def _cure(seen: Seen) -> str:
    if seen.contract.data.split.group:
        return "give copies one group, or leave them out"
    return "leave them out, or name the column of what they belong to in data.split.group"


def _of_few_values(seen: Seen) -> bool:
    """A table of switches and classes has equal rows without copies."""
    first = seen.dataset.signals[0]
    if first.ndim != 1:
        return False
    rows = np.stack([seen.dataset.signals[int(at)] for at in seen.splits.train[:5000]])
    return all(len(np.unique(column)) <= FEW_VALUES for column in rows.T)
