"""One CSV file with labels in it: a row is an example, or a frame of the recording it shares with its neighbours."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlforge.data.csv_rows import header_of, is_label, labels_of, numbers_of, rows_of
from mlforge.data.dataset import Recordings, Source
from mlforge.errors import DataError

RECORDING: Final = "recording"  # the column that tells neighbouring recordings of the same label apart


def load_table(path: Path, named: Collection[str], windowed: bool) -> Recordings:
    """Signals [features], one a row; or [frames, channels], one for each run of rows that belong together.

    Raises:
        DataError: no header or label column, a ragged row, a value that is no finite number.
    """
    rows = list(rows_of(path))
    header, body = header_of(path, rows), rows[1:]
    facts = [at for at, name in enumerate(header) if not is_label(name) and name in (*named, RECORDING)]
    features = [at for at, name in enumerate(header) if not is_label(name) and at not in facts]
    if not features:
        raise DataError("no feature columns", file=path, row=rows[0][0])
    values = numbers_of([(number, [row[at] for at in features]) for number, row in body], path)
    labels = labels_of(path, header, body)
    columns = {header[at]: np.array([row[at].strip() for _, row in body]) for at in facts}
    starts = _starts([labels, *columns.values()]) if windowed else np.arange(len(body))
    signals = np.split(values, starts[1:]) if windowed else list(values)
    return Recordings(
        signals=signals,
        labels=labels[starts],
        columns={name: column[starts] for name, column in columns.items()},
        sources=[Source(path, body[start][0]) for start in starts],
    )


def with_subject(recordings: Recordings, path: Path) -> Recordings:
    """Adds the column `subject`, the file's name up to the first '_', unless the file has one of its own."""
    subject = np.full(len(recordings.signals), path.stem.split("_", 1)[0])
    return replace(recordings, columns={"subject": subject, **recordings.columns})


def join(parts: Sequence[Recordings]) -> Recordings:
    """Several files as one. Raises DataError where their columns differ."""
    first = parts[0]
    for part in parts:
        if set(part.columns) != set(first.columns) or part.labels.shape[1:] != first.labels.shape[1:]:
            raise DataError(f"other columns than in {Path(first.sources[0].file).name}", file=part.sources[0].file)
    return Recordings(
        signals=[signal for part in parts for signal in part.signals],
        labels=np.concatenate([part.labels for part in parts]),
        columns={name: np.concatenate([part.columns[name] for part in parts]) for name in first.columns},
        sources=[source for part in parts for source in part.sources],
    )


def _starts(columns: Sequence[NDArray[Any]]) -> NDArray[np.intp]:
    """The rows where any of the columns [rows] or [rows, n] takes another value."""
    changed = np.zeros(len(columns[0]), dtype=bool)
    changed[0] = True
    for column in columns:
        differs = column[1:] != column[:-1]
        changed[1:] |= differs.any(axis=1) if differs.ndim == 2 else differs
    return np.flatnonzero(changed)
