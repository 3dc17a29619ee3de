"""What is in a long recording, and when: the text file beside it, in the form of Audacity's label tracks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Final

from mlforge.data.reading import open_regular
from mlforge.errors import DataError

MAX_BYTES: Final = 64 << 20
_FORM: Final = "expected START, END and LABEL, separated by tabs, in seconds: 1.25\t1.80\tyes"


@dataclass(frozen=True, slots=True)
class Label:
    start_s: float
    end_s: float
    text: str
    line: int


def read_label_track(path: Path) -> tuple[Label, ...]:
    """The labels by their start. Lines that begin with a backslash (frequencies of a spectral selection) are passed
    over.

    Raises:
        DataError: with file and line: no regular file, no text, a line of another form, an end before its start.
    """
    with open_regular(path) as stream:
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise DataError(f"more than {MAX_BYTES >> 20} MiB of labels", file=path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError("not UTF-8 text", file=path, row=data[: error.start].count(b"\n") + 1) from error
    return tuple(sorted(_labels(text, path), key=lambda label: (label.start_s, label.end_s)))


def _labels(text: str, path: Path) -> Iterator[Label]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("\\"):
            continue
        parts = line.split("\t", 2)
        if len(parts) != 3 or not parts[2].strip():
            raise DataError(f"{line[:60]!r}: {_FORM}", file=path, row=number)
        try:
            start_s, end_s = float(parts[0]), float(parts[1])
        except ValueError as error:
            raise DataError(f"{line[:60]!r}: {_FORM}", file=path, row=number) from error
        if not (isfinite(start_s) and isfinite(end_s) and 0 <= start_s <= end_s):
            raise DataError(f"from {parts[0]} to {parts[1]} s: expected a time and a later one", file=path, row=number)
        yield Label(start_s, end_s, parts[2].strip(), number)
