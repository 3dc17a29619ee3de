"""Recordings that are shorter than the window give the model nothing: they are left out, and remembered by name."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mlforge.contract import Contract
from mlforge.contract.stages import FrameSpec, WindowSpec
from mlforge.data.dataset import Dataset, LeftOut
from mlforge.errors import DataError


@dataclass(frozen=True, slots=True)
class Reach:
    """How much of a recording one model input takes, in the recording's own frames. A `hop` of 0: the whole of it."""

    length: int
    hop: int
    key: str  # of the contract
    words: str

    def inputs(self, frames: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many model inputs recordings of so many frames [n] give."""
        return 1 + (frames - self.length) // self.hop if self.hop else (frames >= self.length).astype(np.int64)


def reach_of(contract: Contract) -> Reach | None:
    """Of the front end that takes most. None where each recording is one model input, whatever its shape."""
    longest = max(contract.front_ends, key=lambda one: one.samples_needed)
    stages = list(enumerate(longest.stages))
    frame = next(((at, stage) for at, stage in stages if isinstance(stage, FrameSpec)), None)
    window = next(((at, stage) for at, stage in stages if isinstance(stage, WindowSpec)), None)
    if window is None:
        if frame is None:
            return None
        at, one = frame
        return Reach(longest.samples_needed, 0, f"features[{at}].frame", f"frame of {one.length:,} samples")
    at, two = window
    key = f"features[{at}].window.length"
    length, hop = longest.samples_needed, longest.samples_between
    words = f"window of {two.length:,} {'frames' if frame is None else 'columns'}"
    words += f", which takes {length:,} samples" if length != two.length else ""
    return Reach(length, hop, key, words)


def without_short(dataset: Dataset, contract: Contract) -> Dataset:
    """The data set without recordings that no window fits into, so that the splits share out what can be used.

    Raises:
        DataError: the window fits into no recording.
    """
    reach = reach_of(contract)
    if reach is None or dataset.signals[0].ndim != 2:
        return dataset
    frames = np.array([len(signal) for signal in dataset.signals])
    kept = np.flatnonzero(frames >= reach.length)
    if len(kept) == len(frames):
        return dataset
    if not len(kept):
        line = contract.lines.get("features", 0)
        reason = (
            f"the longest recording has {frames.max()} frames, the {reach.words.split(' of ')[0]} needs {reach.length}"
        )
        raise DataError(reason, file=contract.path, row=line, hint=f"shorten {reach.key}")
    short = np.flatnonzero(frames < reach.length)
    left = f"{dataset.digest} without {short.tolist()}"
    return replace(
        dataset,
        signals=tuple(dataset.signals[int(index)] for index in kept),
        labels=dataset.labels[kept],
        groups=dataset.groups[kept],
        strata={name: values[kept] for name, values in dataset.strata.items()},
        sources=[dataset.sources[int(index)] for index in kept],
        digest=hashlib.sha256(left.encode()).hexdigest(),
        left_out=tuple(
            LeftOut(dataset.sources[int(index)], int(frames[index]), dataset.label_of(int(index))) for index in short
        ),
    )
