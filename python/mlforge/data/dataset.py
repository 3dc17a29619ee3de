"""`Dataset`: labelled examples in memory, and the checks that every loader's result passes. Knows no file format."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlforge.contract import Contract, Task
from mlforge.data.labels import labels_of
from mlforge.data.recordings import UNTOLD, Recordings, Sampling, Signal, Source, Stacked
from mlforge.errors import DataError
from mlforge.records.quality import LABEL


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A recording that no window fits into."""

    source: Source
    frames: int
    label: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """A checked data set of N recordings.

    `labels`: int64 [N], an index into `classes` (for anomaly 0 is normal, 1 anomalous); for regression float32
    [N, outputs]. `groups`: [N], what must not be split (people, machines); each recording its own where the contract
    names none. `strata`: by name, [N] each. `digest`: SHA-256 of all of it.
    """

    task: Task
    signals: Sequence[Signal]
    labels: NDArray[Any]
    classes: tuple[str, ...]
    groups: NDArray[Any]
    strata: Mapping[str, NDArray[Any]]
    sources: Sequence[Source]
    digest: str
    sampling: Sampling = UNTOLD
    left_out: tuple[LeftOut, ...] = ()  # recordings that are none of the N
    unread: Sequence[Path] = ()  # files beside them that no loader reads

    def label_of(self, index: int) -> str:
        """Of one recording, as a person would write it."""
        label = self.labels[index]
        return ", ".join(f"{value:g}" for value in label) if self.task is Task.REGRESSION else self.classes[label]

    @property
    def outputs(self) -> int:
        """Units of the model's last layer: classes, or regression values; 1 for anomaly, whose model decides itself."""
        if self.task is Task.REGRESSION:
            return int(self.labels.shape[1])
        return len(self.classes) if self.task is Task.CLASSIFICATION else 1


def make_dataset(recordings: Recordings, contract: Contract) -> Dataset:
    """Checks what a loader returned against the contract.

    Raises:
        DataError: nothing there, lengths that differ, NaN or infinity, channels that differ, an unusable label, or a
            group or stratum column that the data do not have.
    """
    count = len(recordings.signals)
    if count == 0:
        raise DataError("no recordings at all")
    lengths = [
        len(recordings.labels),
        len(recordings.sources),
        *(len(values) for values in recordings.columns.values()),
    ]
    if any(length != count for length in lengths):
        raise DataError(f"{count} recordings, but labels, sources and columns have {lengths}")
    signals = _checked(recordings)
    labels, classes = labels_of(recordings, contract.task, contract.data.classes)
    spec = contract.data
    groups = _column(recordings, spec.split.group, "data.split.group") if spec.split.group else np.arange(count)
    strata = {name: _stratum(recordings, name, contract.task, labels, classes) for name in spec.strata}
    return Dataset(
        task=contract.task,
        signals=signals,
        labels=labels,
        classes=classes,
        groups=groups,
        strata=strata,
        sources=recordings.sources,
        digest=_digest(signals, labels, classes, groups, strata),
        sampling=recordings.sampling,
        unread=recordings.unread,
    )


def _checked(recordings: Recordings) -> Sequence[Signal]:
    """The signals as contiguous float32."""
    signals = recordings.signals
    if isinstance(signals, Stacked) and signals.values[0].size:
        finite = np.isfinite(signals.values.reshape(len(signals), -1)).all(axis=1)
        for index in np.flatnonzero(~finite)[:1]:
            _check_finite(signals[int(index)], recordings.sources[int(index)])
        return signals
    for source, signal in zip(recordings.sources, signals, strict=True):
        _check_shape(signal, signals[0], source)
        _check_finite(signal, source)
    return tuple(np.ascontiguousarray(signal, dtype=np.float32) for signal in signals)


def _check_shape(signal: Signal, first: Signal, source: Source) -> None:
    if signal.dtype.kind not in "fiu" or signal.ndim not in (1, 2, 3) or signal.size == 0:
        found = f"an array of {signal.dtype} with shape {signal.shape}"
        raise DataError(
            f"{found}: expected numbers, [frames, channels], [features] or [h, w, c]", file=source.file, row=source.row
        )
    same = signal.shape[1:] == first.shape[1:] if signal.ndim == 2 else signal.shape == first.shape
    if signal.ndim != first.ndim or not same:
        raise DataError(
            f"shape {signal.shape} does not go with {first.shape} of the first recording",
            file=source.file,
            row=source.row,
        )


def _check_finite(signal: Signal, source: Source) -> None:
    finite = np.isfinite(signal)
    if finite.all():
        return
    row, *rest = (int(index) for index in np.argwhere(~finite)[0])
    value, where = signal[(row, *rest)], f" in column {rest[0] + 1}" if rest else ""
    gone = f"; {np.count_nonzero(~finite):,} of its {signal.size:,} values are not finite"
    raise DataError(f"{value} in row {row + 1}{where} of the values{gone}", file=source.file, row=source.row)


def _stratum(
    recordings: Recordings, name: str, task: Task, labels: NDArray[Any], classes: tuple[str, ...]
) -> NDArray[Any]:
    """A column, or the labels themselves, which need none; for anomaly as written, each kind of fault apart."""
    if name != LABEL or name in recordings.columns or task is Task.REGRESSION:
        return _column(recordings, name, "data.strata")
    raw = np.asarray(recordings.labels)
    if task is Task.CLASSIFICATION or raw.ndim > 1:
        return np.array([classes[label] for label in labels])
    return np.array([str(value).strip() for value in raw])


def _column(recordings: Recordings, name: str, key: str) -> NDArray[Any]:
    if name not in recordings.columns:
        known = ", ".join(sorted(recordings.columns)) or "none"
        raise DataError(f"{key} names {name!r}, but the data have no such column", hint=f"columns in the data: {known}")
    values = np.asarray(recordings.columns[name])
    if values.ndim != 1 or (values.dtype.kind == "f" and not np.isfinite(values).all()):
        raise DataError(f"column {name!r} ({key}) is {values.dtype} {values.shape}: expected one name or number each")
    return np.array([str(value) for value in values]) if values.dtype.kind == "O" else values


def _digest(
    signals: Sequence[Signal],
    labels: NDArray[Any],
    classes: tuple[str, ...],
    groups: NDArray[Any],
    strata: Mapping[str, NDArray[Any]],
) -> str:
    total = hashlib.sha256()
    for array in chain(signals, [labels]):
        total.update(f"{array.dtype.str}{array.shape}".encode())
        total.update(array.tobytes())
    parts: list[Iterable[Any]] = [classes, groups, *([name, *strata[name]] for name in sorted(strata))]
    for start, part in zip(chain("[", repeat(", ")), parts, strict=False):  # as json.dumps writes them, bit by bit
        total.update(start.encode())
        for before, word in zip(chain("[", repeat(", ")), part, strict=False):
            total.update(f"{before}{json.dumps(str(word))}".encode())
        total.update(b"]")
    total.update(b"]")
    return total.hexdigest()
