"""Reading CSV text, a line at a time: how a file is written, headers, labels and values. Knows no layout of folders.

Commas, semicolons and tabs separate; where it is no comma, numbers may have a decimal comma. Nothing is kept as text
that is a number: a file takes as much memory as its values.
"""

from __future__ import annotations

import csv
import io
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TextIO

import numpy as np

from mlforge.data.reading import Reading, open_regular, reason_of
from mlforge.data.recordings import Signal
from mlforge.errors import DataError

Row = tuple[int, list[str]]  # the 1-based line, and its values

SEPARATORS: Final = ("\t", ";", ",")
_LOOKED_AT: Final = 20  # lines, for the separator
_BLOCK: Final = 1 << 16  # values that are kept as Python's own for a while
_TELL: Final = 4096  # rows between two looks at how far the file is read
_AS_UTF_8: Final = "save it as UTF-8: iconv -f WINDOWS-1252 -t UTF-8 IN.csv > OUT.csv"


class Table:
    """One file's rows, to be gone through once, inside `with`. `separator` is known when it is open."""

    def __init__(self, path: Path, reading: Reading) -> None:
        """Raises DataError where the file cannot be opened, or its first lines are no text."""
        self.path, self._reading = path, reading
        self._bytes = open_regular(path)
        start = self._bytes.read(2)
        self._bytes.seek(0)
        encoding = "utf-16" if start in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        self._text = io.TextIOWrapper(self._bytes, encoding=encoding, newline="")
        try:
            self.separator = _separator(list(islice(self._text, _LOOKED_AT)))
            self._bytes.seek(0)
            self._text = io.TextIOWrapper(self._text.detach(), encoding=encoding, newline="")
        except UnicodeDecodeError as error:
            self._text.close()
            raise DataError(f"cannot be read as CSV: {error}", file=path, hint=_AS_UTF_8) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._text.close()

    def rows(self) -> Iterator[Row]:
        """Each line that is not empty. Raises DataError for what is no CSV."""
        try:
            yield from self._rows(self._text)
            self._reading.done(self.path, self.path.stat().st_size)
        except UnicodeDecodeError as error:
            raise DataError(f"cannot be read as CSV: {error}", file=self.path, hint=_AS_UTF_8) from error
        except (OSError, csv.Error) as error:
            raise DataError(f"cannot be read as CSV: {reason_of(error)}", file=self.path) from error

    def _rows(self, text: TextIO) -> Iterator[Row]:
        reader = csv.reader(text, delimiter=self.separator, strict=True)
        for count, row in enumerate(reader):
            if count % _TELL == 0:
                self._reading.at(self.path, self._bytes.tell())
            if any(map(str.strip, row)):
                yield reader.line_num, row

    def number(self, text: str) -> float:
        """Raises ValueError for what is no number as this file may write it."""
        if self.separator != "," and "," in text and "." not in text:
            text = text.replace(",", ".", 1)
        if "_" in text:
            raise ValueError
        return float(text)

    def is_number(self, text: str) -> bool:
        try:
            self.number(text)
        except ValueError:
            return False
        return True


class Values:
    """Rows of numbers, as they come, in one array that grows: float32 [rows, width]."""

    def __init__(self, table: Table, width: int) -> None:
        self._table, self._width = table, width
        self._values = array("f")
        self._pending: list[float] = []
        self._places: list[Row] = []
        self._points = self._commas = False

    def add(self, line: int, texts: list[str]) -> None:
        """Raises DataError, by the next `finished` at the latest, for what is no finite number."""
        try:
            numbers = [*map(float, texts)]
        except ValueError:
            numbers = []
        text = "\t".join(texts)
        if not numbers or "_" in text or ("." in text and self._commas):  # the long way, which tells what is wrong
            numbers = [self._number(line, column, text) for column, text in enumerate(texts)]
        self._points = self._points or "." in text
        self._pending += numbers
        self._places.append((line, texts))
        if len(self._pending) >= _BLOCK:
            self._settle()

    def finished(self) -> Signal:
        self._settle()
        return np.frombuffer(self._values, dtype=np.float32).reshape(-1, self._width)

    def _number(self, line: int, column: int, text: str) -> float:
        try:
            value = self._table.number(text)
        except ValueError:
            hint = "separate values by commas, semicolons or tabs" if len(text.split()) > 1 else ""
            raise DataError(
                f"{text!r} in column {column + 1}: expected a number", file=self._table.path, row=line, hint=hint
            ) from None
        self._commas, self._points = self._commas or "," in text, self._points or "." in text
        if self._commas and self._points:
            raise DataError(
                f"{text!r} in column {column + 1}: the file has decimal commas and decimal points",
                file=self._table.path,
                row=line,
                hint="write all numbers with a point",
            )
        return value

    def _settle(self) -> None:
        with np.errstate(over="ignore"):  # what overflows is infinite, and refused below
            block = np.array(self._pending, dtype=np.float64).astype(np.float32)
        if not np.isfinite(block).all():
            place, column = divmod(int(np.argmin(np.isfinite(block))), self._width)
            line, texts = self._places[place]
            raise DataError(
                f"{texts[column].strip()} in column {column + 1}: not finite", file=self._table.path, row=line
            )
        self._values.frombytes(block.tobytes())
        self._pending, self._places = [], []


def header_of(path: Path, first: Row | None) -> list[str]:
    """The column names. Raises DataError: there are none, one twice, or no label."""
    if first is None:
        raise DataError("empty: expected a header and at least one row", file=path)
    line, row = first
    header = [name.strip() for name in row]
    if len(set(header)) != len(header):
        raise DataError("a column name twice in the header", file=path, row=line)
    if not any(is_label(name) for name in header):
        raise DataError(f"no column 'label' (columns: {', '.join(header)})", file=path, row=line)
    return header


def below(path: Path, header: Sequence[str], rows: Iterator[Row]) -> Iterator[Row]:
    """The rows below a header. Raises DataError: one has more or fewer values, or there are none."""
    empty = True
    for line, row in rows:
        empty = False
        if len(row) != len(header):
            raise DataError(f"{len(row)} values, but the header has {len(header)}", file=path, row=line)
        yield line, row
    if empty:
        raise DataError("empty: expected a header and at least one row", file=path)


def is_label(name: str) -> bool:
    return name == "label" or (name.startswith("label_") and name[6:].isdecimal())


def _separator(lines: Sequence[str]) -> str:
    """The one that cuts all of these lines into equally many values; else what the first line has."""
    for separator in SEPARATORS:
        try:
            counts = Counter(len(row) for row in csv.reader(lines, delimiter=separator) if row)
        except csv.Error:
            continue
        if len(counts) == 1 and next(iter(counts)) > 1:
            return separator
    first = next((line for line in lines if line.strip()), "")
    return next((separator for separator in SEPARATORS if separator in first), ",")
