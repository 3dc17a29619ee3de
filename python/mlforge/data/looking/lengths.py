"""Recordings, or parts of them, that never reach the model."""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np

from mlforge.contract import Task
from mlforge.data.looking.seen import Seen, short_place
from mlforge.data.short import reach_of
from mlforge.records.finding import Finding, Severity

MUCH: Final = 0.2  # of all frames


def short_recordings(seen: Seen) -> list[Finding]:
    """Those that the window does not fit into, with how many of each class."""
    dataset, reach, left = seen.dataset, reach_of(seen.contract), seen.dataset.left_out
    if reach is None or not left:
        return []
    count = len(left) + len(dataset.signals)
    shares = Counter(one.label for one in left).most_common(5)
    by_class = "" if len(dataset.classes) < 2 else ": " + ", ".join(f"{many:,} of {label!r}" for label, many in shares)
    what = f"{len(left):,} of {count:,} recordings are shorter than the {reach.words}{by_class}"
    return [
        seen.finding(
            "short recordings",
            Severity.WARNING,
            reach.key,
            f"{what}; they are neither trained on nor judged by",
            f"shorten {reach.key}, or join what belongs together",
            places=[f"{short_place(seen.contract, one.source)} has {one.frames}" for one in left],
        )
    ]


def unread_files(seen: Seen) -> list[Finding]:
    """Files beside those that were read: in other folders, or in no index."""
    unread = seen.dataset.unread
    if not unread:
        return []
    return [
        seen.finding(
            "unread files",
            Severity.WARNING,
            "data.loader",
            f"{len(unread):,} files of the same kind are not read: they are in no folder of a label, or in no index",
            "move them to DIR/LABEL/GROUP_anything, name them in the index, or take them away",
            places=[short_place(seen.contract, path) for path in unread],
        )
    ]


def unused_frames(seen: Seen) -> list[Finding]:
    """The ends of recordings that no window reaches, and what lies between windows."""
    reach = reach_of(seen.contract)
    if reach is None or not reach.hop or not seen.series:
        return []
    lengths = np.array([len(signal) for signal in seen.dataset.signals])
    used = reach.length + (reach.inputs(lengths) - 1) * min(reach.hop, reach.length)
    share = 1 - used.sum() / lengths.sum()
    if share <= MUCH:
        return []
    return [
        seen.finding(
            "unused frames",
            Severity.NOTE,
            reach.key.removesuffix(".length"),
            f"{share:.0%} of all frames are in no {reach.words}, one every {reach.hop:,}",
            "a smaller hop or window uses more of them",
        )
    ]


def unused_anomalies(seen: Seen) -> list[Finding]:
    """Anomalies of groups that train: only normal recordings train."""
    if seen.dataset.task is not Task.ANOMALY:
        return []
    unused = np.flatnonzero((seen.split_of() < 0) & (seen.dataset.labels == 1))
    if not len(unused):
        return []
    total = int((seen.dataset.labels == 1).sum())
    return [
        seen.finding(
            "unused anomalies",
            Severity.NOTE,
            "data.split",
            f"{len(unused):,} of {total:,} anomalous recordings are in groups that train, which takes normal ones only",
            "hold more groups out to judge by them",
            unused.tolist(),
        )
    ]
