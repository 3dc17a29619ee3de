"""What a data set holds, in numbers."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.contract import Task
from mlforge.data.looking.seen import NAMES, Seen
from mlforge.records.data_summary import CHANNELS, ChannelSummary, DataSummary, SplitSummary

SAMPLE: Final = 200_000  # frames that medians are taken from


def summarise(seen: Seen) -> DataSummary:
    """Counts by split, class and group; lengths, rate and ranges."""
    dataset = seen.dataset
    lengths = np.array([len(signal) if signal.ndim == 2 else 1 for signal in dataset.signals])
    return DataSummary(
        recordings=len(dataset.signals),
        left_out=len(dataset.left_out),
        groups=len(np.unique(dataset.groups)),
        group=seen.contract.data.split.group,
        shortest=int(lengths.min()),
        median=int(np.median(lengths)),
        longest=int(lengths.max()),
        rate_hz=dataset.sampling.rate_hz,
        splits=tuple(_split(seen, name) for name in NAMES),
        channels=_channels(seen),
        channel_count=len(seen.channels),
    )


def _split(seen: Seen, name: str) -> SplitSummary:
    dataset, members = seen.dataset, seen.members(name)
    inputs = seen.inputs(members)
    by_class: dict[str, int] = {}
    if dataset.task is not Task.REGRESSION:
        counts = np.bincount(dataset.labels[members], weights=inputs, minlength=len(dataset.classes))
        by_class = {label: int(count) for label, count in zip(dataset.classes, counts, strict=True)}
    groups = len(np.unique(dataset.groups[members]))
    return SplitSummary(name, len(members), int(inputs.sum()), groups, by_class)


def _channels(seen: Seen) -> tuple[ChannelSummary, ...]:
    frames = sample(seen)[:, :CHANNELS].astype(np.float64)
    rows = zip(
        seen.channels,
        frames.min(axis=0),
        np.median(frames, axis=0),
        frames.max(axis=0),
        frames.std(axis=0),
        strict=False,
    )
    return tuple(ChannelSummary(name, *(float(value) for value in values)) for name, *values in rows)


def sample(seen: Seen) -> NDArray[np.float32]:
    """Frames of the training split, [n, channels]: all of them, or every n-th of so many that they are enough."""
    count = seen.dataset.signals[0].shape[-1]
    total = sum(seen.dataset.signals[int(at)].size // count for at in seen.splits.train)
    step = max(1, total * max(1, count // CHANNELS) // SAMPLE)
    parts, skip = [], 0
    for part in seen.frames(seen.splits.train):
        parts.append(part[skip::step])
        skip = (skip - len(part)) % step
    return np.concatenate(parts)
