"""Recordings that are shorter than the window give the model nothing: they are left out, and remembered by name."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from mlforge.contract import Contract, WindowSpec
from mlforge.data.dataset import Dataset, LeftOut
from mlforge.errors import DataError


def window_of(contract: Contract) -> WindowSpec | None:
    """The contract's window; None where each recording is one model input."""
    return next((stage for stage in contract.features if isinstance(stage, WindowSpec)), None)


def without_short(dataset: Dataset, contract: Contract) -> Dataset:
    """The data set without recordings that no window fits into, so that the splits share out what can be used.

    Raises:
        DataError: the window fits into no recording.
    """
    window = window_of(contract)
    if window is None or dataset.signals[0].ndim != 2:
        return dataset
    frames = np.array([len(signal) for signal in dataset.signals])
    kept = np.flatnonzero(frames >= window.length)
    if len(kept) == len(frames):
        return dataset
    if not len(kept):
        line = contract.lines.get("features", 0)
        reason = f"the longest recording has {frames.max()} frames, the window needs {window.length}"
        raise DataError(reason, file=contract.path, row=line, hint="shorten features.window.length")
    short = np.flatnonzero(frames < window.length)
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
