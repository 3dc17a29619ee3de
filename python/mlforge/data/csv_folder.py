"""Recordings from CSV files, in one of four layouts:

- DIRECTORY/index.csv with the columns `file` and `label` (or `label_1`, `label_2`, ... for several regression values);
  every further column may be named as group or stratum. Each file is one recording, a row a frame, a column a channel.
- DIRECTORY/LABEL/GROUP_anything.csv without an index; the column `subject` is the file name up to the first '_'.
- a single FILE.csv: a header, one example a row, `label` and the group and strata columns, all others are features.
  With a window stage a row is a frame instead: neighbouring rows with the same label, group, strata and `recording`
  (where there is such a column) are one recording.
- DIRECTORY/GROUP_anything.csv without folders and index: each file as the single file above, and the column `subject`.

A recording's header row is optional; the separator is a comma, or a semicolon where the first line has no comma.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Final

import numpy as np

from mlforge.data.csv_rows import header_of, is_label, is_number, labels_of, numbers_of, rows_of
from mlforge.data.csv_table import join, load_table, with_subject
from mlforge.data.dataset import Recordings, Signal, Source
from mlforge.data.folders import flat_files, labelled_files
from mlforge.errors import DataError

INDEX: Final = "index.csv"


def load_csv(path: Path, named: Collection[str], windowed: bool) -> Recordings:
    """Signals [frames, channels], or [features] from the rows of a table.

    `named`: the columns that the contract names; `windowed`: whether it has a window stage.

    Raises:
        DataError: with file and row: not a number, NaN, infinity, a ragged row, an empty file, headers that differ, a
            file that the index names but that is missing or outside the directory.
    """
    if path.is_file():
        return load_table(path, named, windowed)
    if (path / INDEX).is_file():
        return _indexed(path)
    if flat := flat_files(path, ".csv"):
        return join([with_subject(load_table(file, named, windowed), file) for file in flat])
    files = labelled_files(path, ".csv")
    return Recordings(
        signals=_read_all([file.path for file in files]),
        labels=np.array([file.label for file in files]),
        columns={"subject": np.array([file.group for file in files])},
        sources=[Source(file.path) for file in files],
    )


def _indexed(directory: Path) -> Recordings:
    index = directory / INDEX
    rows = list(rows_of(index))
    header, body = header_of(index, rows), rows[1:]
    if "file" not in header:
        raise DataError(f"no column 'file' (columns: {', '.join(header)})", file=index, row=1)
    place = header.index("file")
    paths = [_inside(directory, row[place].strip(), index, number) for number, row in body]
    return Recordings(
        signals=_read_all(paths),
        labels=labels_of(index, header, body),
        columns={
            name: np.array([row[position].strip() for _, row in body])
            for position, name in enumerate(header)
            if name != "file" and not is_label(name)
        },
        sources=[Source(index, number) for number, _ in body],
    )


def _inside(directory: Path, name: str, index: Path, row: int) -> Path:
    path = directory / name
    if not name or not path.resolve().is_relative_to(directory.resolve()):
        raise DataError(f"file {name!r} is outside {directory.name}/", file=index, row=row)
    if not path.is_file():
        raise DataError(f"file {name!r} does not exist", file=index, row=row)
    return path


def _read_all(paths: list[Path]) -> list[Signal]:
    signals, headers = [], []
    for path in paths:
        signal, header = _read(path)
        signals.append(signal)
        headers.append(header)
        if header and headers[0] and header != headers[0]:
            raise DataError(f"columns {', '.join(header)}, but {paths[0].name} has {', '.join(headers[0])}", file=path)
        if signal.shape[1] != signals[0].shape[1]:
            wanted = f"{signals[0].shape[1]} as in {paths[0].name}"
            raise DataError(f"{signal.shape[1]} columns: expected {wanted}", file=path, row=1)
    return signals


def _read(path: Path) -> tuple[Signal, list[str]]:
    """One recording, float32 [frames, channels], and its header, which is empty where there is none."""
    rows = list(rows_of(path))
    header: list[str] = []
    if rows and not any(is_number(value) for value in rows[0][1]):
        header = [value.strip() for value in rows.pop(0)[1]]
    if not rows:
        raise DataError("no rows of values", file=path)
    width = len(rows[0][1])
    for number, row in rows:
        if len(row) != width:
            raise DataError(f"{len(row)} values, but the rows above have {width}", file=path, row=number)
    return numbers_of(rows, path), header
