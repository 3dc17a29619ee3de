"""Recordings from CSV files, in one of three layouts:

- DIRECTORY/index.csv with the columns `file` and `label` (or `label_1`, `label_2`, ... for several regression values);
  every further column may be named as group or stratum. Each file is one recording, a row a frame, a column a channel.
- DIRECTORY/LABEL/GROUP_anything.csv without an index; the column `subject` is the file name up to the first '_'.
- a single FILE.csv: a header, one example a row, `label` and the group and strata columns, all others are features.

A recording's header row is optional; the separator is a comma, or a semicolon where the first line has no comma.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlforge.data.dataset import Recordings, Signal, Source
from mlforge.data.folders import labelled_files
from mlforge.errors import DataError

INDEX: Final = "index.csv"


def load_csv(path: Path, named: Collection[str]) -> Recordings:
    """Signals [frames, channels], or [features] from a single file. `named`: the columns that the contract names.

    Raises:
        DataError: with file and row: not a number, NaN, infinity, a ragged row, an empty file, headers that differ, a
            file that the index names but that is missing or outside the directory.
    """
    if path.is_file():
        return _table(path, named)
    if (path / INDEX).is_file():
        return _indexed(path)
    files = labelled_files(path, ".csv")
    return Recordings(
        signals=_read_all([file.path for file in files]),
        labels=np.array([file.label for file in files]),
        columns={"subject": np.array([file.group for file in files])},
        sources=[Source(file.path) for file in files],
    )


def _indexed(directory: Path) -> Recordings:
    index = directory / INDEX
    rows = list(_rows(index))
    header, body = _header(index, rows), rows[1:]
    if "file" not in header:
        raise DataError(f"no column 'file' (columns: {', '.join(header)})", file=index, row=1)
    place = header.index("file")
    paths = [_inside(directory, row[place].strip(), index, number) for number, row in body]
    return Recordings(
        signals=_read_all(paths),
        labels=_labels(index, header, body),
        columns={
            name: np.array([row[position].strip() for _, row in body])
            for position, name in enumerate(header)
            if name != "file" and not _is_label(name)
        },
        sources=[Source(index, number) for number, _ in body],
    )


def _table(path: Path, named: Collection[str]) -> Recordings:
    rows = list(_rows(path))
    header, body = _header(path, rows), rows[1:]
    facts = [position for position, name in enumerate(header) if name in named and not _is_label(name)]
    features = [at for at, name in enumerate(header) if at not in facts and not _is_label(name)]
    if not features:
        raise DataError("no feature columns", file=path, row=1)
    return Recordings(
        signals=[_numbers([row[at] for at in features], path, number) for number, row in body],
        labels=_labels(path, header, body),
        columns={header[at]: np.array([row[at].strip() for _, row in body]) for at in facts},
        sources=[Source(path, number) for number, _ in body],
    )


def _header(path: Path, rows: list[tuple[int, list[str]]]) -> list[str]:
    """The column names, with the rows below them checked for their number of values."""
    if len(rows) < 2:
        raise DataError("empty: expected a header and at least one row", file=path)
    header = [name.strip() for name in rows[0][1]]
    if len(set(header)) != len(header):
        raise DataError("a column name twice in the header", file=path, row=rows[0][0])
    if not any(_is_label(name) for name in header):
        raise DataError(f"no column 'label' (columns: {', '.join(header)})", file=path, row=rows[0][0])
    for number, row in rows[1:]:
        if len(row) != len(header):
            raise DataError(f"{len(row)} values, but the header has {len(header)}", file=path, row=number)
    return header


def _is_label(name: str) -> bool:
    return name == "label" or (name.startswith("label_") and name[6:].isdecimal())


def _labels(path: Path, header: list[str], body: list[tuple[int, list[str]]]) -> NDArray[Any]:
    """Text [rows], or [rows, outputs] where there are several label columns."""
    places = [position for position, name in enumerate(header) if _is_label(name)]
    values = np.array([[row[place].strip() for place in places] for _, row in body])
    return values[:, 0] if len(places) == 1 else values


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
    rows = list(_rows(path))
    header: list[str] = []
    if rows and not any(_is_number(value) for value in rows[0][1]):
        header = [value.strip() for value in rows.pop(0)[1]]
    if not rows:
        raise DataError("no rows of values", file=path)
    width = len(rows[0][1])
    for number, row in rows:
        if len(row) != width:
            raise DataError(f"{len(row)} values, but the rows above have {width}", file=path, row=number)
    return np.stack([_numbers(row, path, number) for number, row in rows]), header


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(1-based line, values) of each line that is not empty."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            reader = csv.reader(file, delimiter=";" if ";" in first and "," not in first else ",", strict=True)
            for row in reader:
                if any(value.strip() for value in row):
                    yield reader.line_num, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"cannot be read as CSV: {error}", file=path) from error


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _numbers(row: list[str], path: Path, number: int) -> Signal:
    try:
        with np.errstate(over="ignore"):
            values = np.array(row, dtype=np.float64).astype(np.float32)
    except ValueError:
        column = next(at for at, text in enumerate(row) if not _is_number(text))
        raise DataError(f"{row[column]!r} in column {column + 1}: expected a number", file=path, row=number) from None
    if not np.isfinite(values).all():
        column = int(np.flatnonzero(~np.isfinite(values))[0])
        raise DataError(f"{row[column].strip()} in column {column + 1}: not finite", file=path, row=number)
    return values
