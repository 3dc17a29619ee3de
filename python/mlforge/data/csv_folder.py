"""Recordings from CSV files, in one of four layouts:

- DIRECTORY/index.csv with the columns `file` and `label` (or `label_1`, `label_2`, ... for several regression values);
  every further column may be named as group or stratum. Each file is one recording, a row a frame, a column a channel.
- DIRECTORY/LABEL/GROUP_anything.csv without an index; the column `subject` is the file name up to the first '_'.
- a single FILE.csv: a header, one example a row, `label` and the group and strata columns, all others are features.
  With a window stage a row is a frame instead: neighbouring rows with the same label, group, strata and `recording`
  (where there is such a column) are one recording.
- DIRECTORY/GROUP_anything.csv without folders and index: each file as the single file above, and the column `subject`.

A recording's header row is optional. `csv_rows` tells what separates values.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlforge.data.csv_rows import Row, Table, Values, below, header_of, is_label
from mlforge.data.csv_table import join, load_table, with_subject
from mlforge.data.folders import flat_files, labelled_files, unread_files
from mlforge.data.reading import Reading
from mlforge.data.recordings import Recordings, Sampling, Signal, Source
from mlforge.errors import DataError

INDEX: Final = "index.csv"


def load_csv(path: Path, named: Collection[str], windowed: bool, reading: Reading) -> Recordings:
    """Signals [frames, channels], or [features] from the rows of a table.

    `named`: the columns that the contract names; `windowed`: whether it has a window stage.

    Raises:
        DataError: with file and row: not a number, NaN, infinity, a ragged row, an empty file, headers that differ, a
            file that the index names but that is missing or outside the directory.
    """
    if not path.is_dir():
        reading.expect([path])
        return load_table(path, named, windowed, reading)
    if (path / INDEX).exists():
        return _indexed(path, reading)
    if flat := flat_files(path, ".csv"):
        reading.expect(flat)
        return join([with_subject(load_table(file, named, windowed, reading), file) for file in flat])
    files = labelled_files(path, ".csv")
    signals, header = _read_all([file.path for file in files], reading)
    return Recordings(
        signals=signals,
        labels=np.array([file.label for file in files]),
        columns={"subject": np.array([file.group for file in files])},
        sources=[Source(file.path) for file in files],
        sampling=Sampling(channels=tuple(header)),
        unread=unread_files(path, ".csv", [file.path for file in files]),
    )


def read_recording(path: Path, reading: Reading) -> Signal:
    """One recording, float32 [frames, channels], a row a frame. Raises DataError as `load_csv`."""
    return _read(path, reading)[0]


def _indexed(directory: Path, reading: Reading) -> Recordings:
    index = directory / INDEX
    with Table(index, Reading()) as table:
        rows = table.rows()
        header = header_of(index, next(rows, None))
        body = list(below(index, header, rows))
    if "file" not in header:
        raise DataError(f"no column 'file' (columns: {', '.join(header)})", file=index, row=1)
    place = header.index("file")
    paths = [_inside(directory, row[place].strip(), index, number) for number, row in body]
    signals, channels = _read_all(paths, reading)
    labels = [_column(body, at) for at, name in enumerate(header) if is_label(name)]
    return Recordings(
        signals=signals,
        labels=labels[0] if len(labels) == 1 else np.stack(labels, axis=1),
        columns={name: _column(body, at) for at, name in enumerate(header) if name != "file" and not is_label(name)},
        sources=[Source(index, number) for number, _ in body],
        sampling=Sampling(channels=tuple(channels)),
        unread=unread_files(directory, ".csv", [index, *paths]),
    )


def _column(body: list[Row], at: int) -> NDArray[Any]:
    return np.array([row[at].strip() for _, row in body])


def _inside(directory: Path, name: str, index: Path, row: int) -> Path:
    path = directory / name
    # realpath: Path.resolve raises for links that lead in a circle
    if not name or not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(directory)):
        raise DataError(f"file {name!r} is outside {directory.name}/", file=index, row=row)
    if not path.exists():
        raise DataError(f"file {name!r} does not exist", file=index, row=row)
    return path


def _read_all(paths: list[Path], reading: Reading) -> tuple[list[Signal], list[str]]:
    """The recordings, and the names of their channels where files have a header."""
    reading.expect(paths)
    signals: list[Signal] = []
    first: list[str] = []
    for path in paths:
        signal, header = _read(path, reading)
        signals.append(signal)
        first = first or header
        if header and header != first:
            raise DataError(f"columns {', '.join(header)}, but {paths[0].name} has {', '.join(first)}", file=path)
        if signal.shape[1] != signals[0].shape[1]:
            wanted = f"{signals[0].shape[1]} as in {paths[0].name}"
            raise DataError(f"{signal.shape[1]} columns: expected {wanted}", file=path, row=1)
    return signals, first


def _read(path: Path, reading: Reading) -> tuple[Signal, list[str]]:
    """One recording, float32 [frames, channels], and its header, which is empty where there is none."""
    with Table(path, reading) as table:
        rows = table.rows()
        first = next(rows, None)
        header: list[str] = []
        if first and not any(table.is_number(value) for value in first[1]):
            header = [value.strip() for value in first[1]]
            first = next(rows, None)
        if first is None:
            raise DataError("no rows of values", file=path)
        values = Values(table, len(first[1]))
        for line, row in chain([first], rows):
            if len(row) != len(first[1]):
                reason = f"{len(row)} values, but the rows above have {len(first[1])}"
                raise DataError(reason, file=path, row=line)
            values.add(line, row)
        return values.finished(), header
