"""Reading CSV text: lines with their numbers, headers, labels and values. Knows no layout of folders."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlforge.data.dataset import Signal
from mlforge.errors import DataError


def rows_of(path: Path) -> Iterator[tuple[int, list[str]]]:
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


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def numbers_of(rows: list[tuple[int, list[str]]], path: Path) -> Signal:
    """The rows' values as float32 [rows, columns]."""
    try:
        with np.errstate(over="ignore"):
            values = np.array([row for _, row in rows], dtype=np.float64).astype(np.float32)
    except ValueError:
        number, row = next((number, row) for number, row in rows if not all(is_number(text) for text in row))
        column = next(at for at, text in enumerate(row) if not is_number(text))
        raise DataError(f"{row[column]!r} in column {column + 1}: expected a number", file=path, row=number) from None
    if not np.isfinite(values).all():
        place, column = (int(at) for at in np.argwhere(~np.isfinite(values))[0])
        number, row = rows[place]
        raise DataError(f"{row[column].strip()} in column {column + 1}: not finite", file=path, row=number)
    return values


def header_of(path: Path, rows: list[tuple[int, list[str]]]) -> list[str]:
    """The column names, with the rows below them checked for their number of values."""
    if len(rows) < 2:
        raise DataError("empty: expected a header and at least one row", file=path)
    header = [name.strip() for name in rows[0][1]]
    if len(set(header)) != len(header):
        raise DataError("a column name twice in the header", file=path, row=rows[0][0])
    if not any(is_label(name) for name in header):
        raise DataError(f"no column 'label' (columns: {', '.join(header)})", file=path, row=rows[0][0])
    for number, row in rows[1:]:
        if len(row) != len(header):
            raise DataError(f"{len(row)} values, but the header has {len(header)}", file=path, row=number)
    return header


def is_label(name: str) -> bool:
    return name == "label" or (name.startswith("label_") and name[6:].isdecimal())


def labels_of(path: Path, header: list[str], body: list[tuple[int, list[str]]]) -> NDArray[Any]:
    """Text [rows], or [rows, outputs] where there are several label columns."""
    places = [position for position, name in enumerate(header) if is_label(name)]
    values = np.array([[row[place].strip() for place in places] for _, row in body])
    return values[:, 0] if len(places) == 1 else values
