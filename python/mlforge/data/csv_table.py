"""One CSV file with labels in it: a row is an example, or a frame of the recording it shares with its neighbours."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlforge.data.csv_rows import Row, Table, Values, below, header_of, is_label
from mlforge.data.reading import Reading
from mlforge.data.recordings import Recordings, Rows, Sampling, Stacked
from mlforge.errors import DataError

RECORDING: Final = "recording"  # the column that tells neighbouring recordings of the same label apart


def load_table(path: Path, named: Collection[str], windowed: bool, reading: Reading) -> Recordings:
    """Signals [features], one a row; or [frames, channels], one for each run of rows that belong together.

    Raises:
        DataError: no header or label column, a ragged row, a value that is no finite number.
    """
    with Table(path, reading) as table:
        rows = table.rows()
        header = header_of(path, next(rows, None))
        labels = [at for at, name in enumerate(header) if is_label(name)]
        facts = [at for at, name in enumerate(header) if at not in labels and name in (*named, RECORDING)]
        features = [at for at in range(len(header)) if at not in labels and at not in facts]
        if not features:
            raise DataError("no feature columns", file=path, row=1)
        return _Body(table, header, labels, facts, features).load(rows, windowed)


@dataclass(slots=True)
class _Body:
    """The rows below the header, column by column: values as numbers, words as codes of few different ones."""

    table: Table
    header: list[str]
    labels: list[int]
    facts: list[int]
    features: list[int]
    lines: array[int] = field(default_factory=lambda: array("q"))

    def load(self, rows: Iterator[Row], windowed: bool) -> Recordings:
        values = Values(self.table, len(self.features))
        words = [_Words() for _ in (*self.labels, *self.facts)]
        for line, row in below(self.table.path, self.header, rows):
            values.add(line, [row[at] for at in self.features])
            for at, column in zip((*self.labels, *self.facts), words, strict=True):
                column.add(row[at])
            self.lines.append(line)
        return self._recordings(values.finished(), words, windowed)

    def _recordings(self, values: NDArray[np.float32], words: list[_Words], windowed: bool) -> Recordings:
        starts = _starts([column.codes() for column in words]) if windowed else np.arange(len(values))
        columns = [column.at(starts) for column in words]
        labels = columns[: len(self.labels)]
        return Recordings(
            signals=np.split(values, starts[1:]) if windowed else Stacked(values),
            labels=labels[0] if len(labels) == 1 else np.stack(labels, axis=1),
            columns={self.header[at]: column for at, column in zip(self.facts, columns[len(labels) :], strict=True)},
            sources=Rows(self.table.path, np.frombuffer(self.lines, dtype=np.int64)[starts]),
            sampling=Sampling(channels=tuple(self.header[at] for at in self.features)),
        )


class _Words:
    """A column of text with few different words."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._codes = array("q")

    def add(self, text: str) -> None:
        self._codes.append(self._known.setdefault(text.strip(), len(self._known)))

    def codes(self) -> NDArray[np.int64]:
        return np.frombuffer(self._codes, dtype=np.int64)

    def at(self, places: NDArray[np.intp]) -> NDArray[Any]:
        return np.array(list(self._known))[self.codes()[places]]


def with_subject(recordings: Recordings, path: Path) -> Recordings:
    """Adds the column `subject`, the file's name up to the first '_', unless the file has one of its own."""
    subject = np.full(len(recordings.signals), path.stem.split("_", 1)[0])
    return replace(recordings, columns={"subject": subject, **recordings.columns})


def join(parts: Sequence[Recordings]) -> Recordings:
    """Several files as one. Raises DataError where their columns differ."""
    first = parts[0]
    for part in parts:
        alike = part.sampling.channels == first.sampling.channels and set(part.columns) == set(first.columns)
        if not alike or part.labels.shape[1:] != first.labels.shape[1:]:
            raise DataError(f"other columns than in {Path(first.sources[0].file).name}", file=part.sources[0].file)
    if len(parts) == 1:
        return first
    return Recordings(
        signals=[signal for part in parts for signal in part.signals],
        labels=np.concatenate([part.labels for part in parts]),
        columns={name: np.concatenate([part.columns[name] for part in parts]) for name in first.columns},
        sources=[source for part in parts for source in part.sources],
        sampling=first.sampling,
    )


def _starts(columns: Sequence[NDArray[np.int64]]) -> NDArray[np.intp]:
    """The rows where any of the columns [rows] takes another value."""
    changed = np.zeros(len(columns[0]), dtype=bool)
    changed[0] = True
    for column in columns:
        changed[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(changed)
