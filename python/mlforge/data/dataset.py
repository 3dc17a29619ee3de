"""`Dataset`: labelled examples in memory, and the checks that every loader's result passes. Knows no file format."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlforge.contract import Contract, Task
from mlforge.errors import DataError

Signal: TypeAlias = NDArray[np.float32]

ANOMALY_CLASSES: Final = ("normal", "anomaly")
NORMAL_NAMES: Final = frozenset({"normal", "ok", "good", "healthy", "0"})


@dataclass(frozen=True, slots=True)
class Source:
    """Where a recording, or its label, was read: for errors."""

    file: Path | str
    row: int = 0  # 1-based; 0 where the file as a whole is meant


@dataclass(frozen=True, slots=True)
class Recordings:
    """What a loader returns. All sequences have one entry per recording, and all recordings as many channels.

    `signals` are float32: [frames, channels] for time series, [features] for vectors, [height, width, channels] for
    pictures. `labels` are class names (text or whole numbers), or numbers [recordings, outputs] for regression.
    `columns` are further facts of each recording that a contract may name as group or stratum.
    """

    signals: Sequence[Signal]
    labels: NDArray[Any]
    columns: Mapping[str, NDArray[Any]]
    sources: Sequence[Source]


@dataclass(frozen=True, slots=True)
class Dataset:
    """A checked data set of N recordings.

    `labels`: int64 [N], an index into `classes` (for anomaly 0 is normal, 1 anomalous); for regression float32
    [N, outputs]. `groups`: [N], what must not be split (people, machines); each recording its own where the contract
    names none. `strata`: by name, [N] each. `digest`: SHA-256 of all of it.
    """

    task: Task
    signals: tuple[Signal, ...]
    labels: NDArray[Any]
    classes: tuple[str, ...]
    groups: NDArray[Any]
    strata: Mapping[str, NDArray[Any]]
    sources: tuple[Source, ...]
    digest: str

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
    _check_signals(recordings)
    labels, classes = _labels(recordings, contract.task, contract.data.classes)
    spec = contract.data
    groups = _column(recordings, spec.split.group, "data.split.group") if spec.split.group else np.arange(count)
    strata = {name: _column(recordings, name, "data.strata") for name in spec.strata}
    signals = tuple(np.ascontiguousarray(signal, dtype=np.float32) for signal in recordings.signals)
    return Dataset(
        task=contract.task,
        signals=signals,
        labels=labels,
        classes=classes,
        groups=groups,
        strata=strata,
        sources=tuple(recordings.sources),
        digest=_digest(signals, labels, classes, groups, strata),
    )


def _check_signals(recordings: Recordings) -> None:
    first = recordings.signals[0]
    for source, signal in zip(recordings.sources, recordings.signals, strict=True):
        if signal.dtype.kind not in "fiu" or signal.ndim not in (1, 2, 3) or signal.size == 0:
            found = f"an array of {signal.dtype} with shape {signal.shape}"
            raise DataError(
                f"{found}: expected numbers, [frames, channels], [features] or [h, w, c]",
                file=source.file,
                row=source.row,
            )
        same = signal.shape[1:] == first.shape[1:] if signal.ndim == 2 else signal.shape == first.shape
        if signal.ndim != first.ndim or not same:
            raise DataError(
                f"shape {signal.shape} does not go with {first.shape} of the first recording",
                file=source.file,
                row=source.row,
            )
        finite = np.isfinite(signal)
        if not finite.all():
            row, *rest = (int(index) for index in np.argwhere(~finite)[0])
            value, where = signal[(row, *rest)], f" in column {rest[0] + 1}" if rest else ""
            raise DataError(f"{value} in row {row + 1}{where} of the values", file=source.file, row=source.row)


def _labels(recordings: Recordings, task: Task, wanted: tuple[str, ...]) -> tuple[NDArray[Any], tuple[str, ...]]:
    raw = np.asarray(recordings.labels)
    if task is Task.REGRESSION:
        return _targets(raw, recordings.sources), ()
    if raw.ndim != 1:
        raise DataError(f"labels of shape {raw.shape}: expected one label for each recording")
    names = [str(value) for value in raw]
    for source, name in zip(recordings.sources, names, strict=True):
        if not name.strip() or name.strip().lower() == "nan":
            raise DataError("an empty label", file=source.file, row=source.row)
    if task is Task.ANOMALY:
        flags = np.array([name.strip().lower() not in NORMAL_NAMES for name in names], dtype=np.int64)
        if not (flags == 0).any():
            known = ", ".join(sorted(NORMAL_NAMES))
            raise DataError("no normal recording to learn from", hint=f"label normal recordings as one of: {known}")
        return flags, ANOMALY_CLASSES
    classes = wanted or tuple(sorted(set(names), key=_natural))
    if len(classes) < 2:
        raise DataError(f"only one class, {classes[0]!r}: there is nothing to tell apart")
    index = {name: position for position, name in enumerate(classes)}
    for source, name in zip(recordings.sources, names, strict=True):
        if name not in index:
            hint = f"data.classes allows: {', '.join(classes)}"
            raise DataError(f"the unknown label {name!r}", file=source.file, row=source.row, hint=hint)
    return np.array([index[name] for name in names], dtype=np.int64), classes


def _targets(raw: NDArray[Any], sources: Sequence[Source]) -> NDArray[np.float32]:
    """Regression targets as float32 [N, outputs]."""
    rows = raw.reshape(len(raw), -1)
    values = np.full(rows.shape, np.nan, dtype=np.float32)
    for position, row in enumerate(rows):
        try:
            values[position] = np.asarray(row, dtype=np.float32)
        except (TypeError, ValueError):
            raise DataError(
                f"label {str(row[0])!r}: expected a number", file=sources[position].file, row=sources[position].row
            ) from None
        if not np.isfinite(values[position]).all():
            raise DataError(
                f"label {values[position].tolist()}: expected finite numbers",
                file=sources[position].file,
                row=sources[position].row,
            )
    return values


def _column(recordings: Recordings, name: str, key: str) -> NDArray[Any]:
    if name not in recordings.columns:
        known = ", ".join(sorted(recordings.columns)) or "none"
        raise DataError(f"{key} names {name!r}, but the data have no such column", hint=f"columns in the data: {known}")
    values = np.asarray(recordings.columns[name])
    if values.ndim != 1 or (values.dtype.kind == "f" and not np.isfinite(values).all()):
        raise DataError(f"column {name!r} ({key}) is {values.dtype} {values.shape}: expected one name or number each")
    return np.array([str(value) for value in values]) if values.dtype.kind == "O" else values


def _natural(name: str) -> tuple[int, float, str]:
    """Whole numbers in their own order, before words: "2" before "10" before "walk"."""
    return (0, int(name), name) if name.lstrip("-").isdecimal() else (1, 0, name)


def _digest(
    signals: Sequence[Signal],
    labels: NDArray[Any],
    classes: tuple[str, ...],
    groups: NDArray[Any],
    strata: Mapping[str, NDArray[Any]],
) -> str:
    total = hashlib.sha256()
    for array in (*signals, labels):
        total.update(f"{array.dtype.str}{array.shape}".encode())
        total.update(array.tobytes())
    words = [list(classes), [str(group) for group in groups]]
    words += [[name, *(str(value) for value in strata[name])] for name in sorted(strata)]
    total.update(json.dumps(words).encode())
    return total.hexdigest()
