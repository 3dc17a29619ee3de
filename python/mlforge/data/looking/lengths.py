"""Recordings, or parts of them, that never reach the model."""

from __future__ import annotations

from collections import Counter

from mlforge.contract import Contract
from mlforge.data.dataset import Dataset
from mlforge.data.looking.note import note
from mlforge.data.short import window_of
from mlforge.records.finding import Finding, Severity


def short_recordings(dataset: Dataset, contract: Contract) -> list[Finding]:
    """Those that the window does not fit into, with how many of each class."""
    window, left = window_of(contract), dataset.left_out
    if window is None or not left:
        return []
    count = len(left) + len(dataset.signals)
    shares = Counter(one.label for one in left).most_common(5)
    by_class = "" if len(dataset.classes) < 2 else ": " + ", ".join(f"{many:,} of {label!r}" for label, many in shares)
    what = f"{len(left):,} of {count:,} recordings are shorter than the window of {window.length} frames{by_class}"
    places = [f"{one.source} has {one.frames}" for one in left]
    key = f"features[{contract.features.index(window)}].window.length"
    return [
        note(
            contract,
            "short recordings",
            Severity.WARNING,
            key,
            f"{what}; they are neither trained on nor judged by",
            "shorten the window, or join what belongs together",
            places,
        )
    ]
