"""Recordings whose level or whose scale is far from that of all others: another gain, another unit, an offset."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.contract import Task
from mlforge.data.looking.seen import Seen
from mlforge.records.finding import Finding, Severity

Floats = NDArray[np.float64]

FACTOR: Final = 10.0  # times the usual spread within a recording, or a tenth of it
FAR: Final = 12.0  # usual spreads between the level of a recording and the usual one
UNLIKE: Final = 8.0  # robust deviations among recordings, on top of either
SOME: Final = 0.2  # of the recordings: where more are odd, none is
LEAST: Final = 10  # recordings that say what is usual
MAD_TO_DEVIATION: Final = 1.4826  # of a normal distribution


def odd_scales(seen: Seen) -> list[Finding]:
    """Time series only. Anomalies may be odd as they like."""
    chosen = np.arange(len(seen.dataset.signals))
    if seen.dataset.task is Task.ANOMALY:
        chosen = chosen[seen.dataset.labels == 0]
    if not seen.series or len(chosen) < LEAST:
        return []
    levels, spreads = _levels(seen, chosen)
    usual = np.maximum(np.median(spreads, axis=0), 1e-30)
    logs = np.log10(np.maximum(spreads, 1e-30 * usual) / usual)
    louder = (np.abs(logs) > np.log10(FACTOR)) & (np.abs(logs) > UNLIKE * _deviation(logs)) & (spreads > 0)
    away = np.abs(levels - np.median(levels, axis=0))
    moved = (away > FAR * np.maximum(usual, spreads)) & (away > UNLIKE * _deviation(levels))
    return [
        *_finding(seen, chosen, louder, "odd gain", "are ten times as loud or as quiet as is usual"),
        *_finding(seen, chosen, moved, "odd offset", "lie far from where all others do"),
    ]


def _levels(seen: Seen, chosen: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Median and half the middle half's width of each recording by channel: [recordings, channels] each. Neither minds
    glitches, nor flat tops."""
    quarters = [np.quantile(frames, [0.25, 0.5, 0.75], axis=0) for frames in seen.frames(chosen.tolist())]
    low, middle, high = np.moveaxis(np.stack(quarters).astype(np.float64), 1, 0)
    return middle, (high - low) / 2


def _deviation(values: Floats) -> Floats:
    middle = np.median(values, axis=0)
    return np.asarray(MAD_TO_DEVIATION * np.median(np.abs(values - middle), axis=0))


def _finding(seen: Seen, chosen: NDArray[np.int64], odd: NDArray[np.bool_], kind: str, words: str) -> list[Finding]:
    """One finding, where some recordings are odd, but not many; with the group, where it is one."""
    odd = odd & (odd.mean(axis=0) <= SOME)
    members = chosen[odd.any(axis=1)]
    if not len(members):
        return []
    channels = ", ".join(seen.channels[at] for at in np.flatnonzero(odd.any(axis=0))[:4])
    groups = np.unique(seen.dataset.groups[members])
    whose = f", all of {groups[0]}" if seen.contract.data.split.group and len(groups) == 1 else ""
    what = f"{len(members):,} of {len(chosen):,} recordings {words}, in {channels}{whose}"
    cure = "look for another unit, gain or range; standardise: {statistics: robust} keeps others readable"
    return [seen.finding(kind, Severity.WARNING, "data.loader", what, cure, recordings=members.tolist())]
