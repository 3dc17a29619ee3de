"""Labels as loaders find them, to what a task learns: class indices, or numbers. Knows no file format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlforge.contract import Task
from mlforge.data.recordings import Recordings, Source
from mlforge.errors import DataError

ANOMALY_CLASSES: Final = ("normal", "anomaly")
NORMAL_NAMES: Final = frozenset({"normal", "ok", "good", "healthy", "0"})
MANY_NUMBERS: Final = 20  # different labels that are numbers with a fraction: no names of classes


def labels_of(recordings: Recordings, task: Task, wanted: tuple[str, ...]) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Labels and classes, as `Dataset` has them.

    Args:
        wanted: the classes that the contract names, in its order; empty takes what is there.

    Raises:
        DataError: a label that is missing, unknown or not one for each recording; one class only; for anomaly nothing
            normal; for regression something that is no finite number.
    """
    raw = np.asarray(recordings.labels)
    if task is Task.REGRESSION:
        return _targets(raw, recordings.sources), ()
    names, index = np.unique(_names(raw, recordings.sources, wanted), return_inverse=True)
    words = [str(name).strip() for name in names]
    for position, word in enumerate(words):
        if not word or word.lower() == "nan":
            source = recordings.sources[int(np.argmax(index == position))]
            raise DataError("an empty label", file=source.file, row=source.row)
    if task is Task.ANOMALY:
        return _flags(words)[index], ANOMALY_CLASSES
    return _classes([str(name) for name in names], index.astype(np.int64), recordings.sources, wanted)


def _names(raw: NDArray[Any], sources: Sequence[Source], wanted: tuple[str, ...]) -> NDArray[np.str_]:
    """One name for each recording: text [N], of names [N] or [N, 1], or of one-hot rows [N, classes]."""
    if raw.ndim == 2 and raw.shape[1] == 1:
        raw = raw[:, 0]
    if raw.ndim == 2:
        return _from_one_hot(raw, sources, wanted)
    if raw.ndim != 1:
        raise DataError(f"labels of shape {raw.shape}: expected one label for each recording")
    if raw.dtype.kind == "S":
        return np.char.decode(raw, "utf-8", "replace")
    return raw if raw.dtype.kind == "U" else np.array([str(value) for value in raw])


def _from_one_hot(raw: NDArray[Any], sources: Sequence[Source], wanted: tuple[str, ...]) -> NDArray[np.str_]:
    hint = "give one class name for each recording, numpy.argmax(y, axis=1) say; numbers to predict: task: regression"
    try:
        values = raw.astype(np.float32)
    except ValueError:
        raise DataError(f"labels of shape {raw.shape} that are no numbers: expected one each", hint=hint) from None
    ones = (values == 1).sum(axis=1)
    wrong = np.flatnonzero((ones != 1) | ((values != 0).sum(axis=1) != 1))
    if len(wrong):
        source = sources[int(wrong[0])]
        found = f"label {values[wrong[0]].tolist()[:8]} of shape {raw.shape}"
        raise DataError(f"{found}: expected a name, or one 1 among zeros", file=source.file, row=source.row, hint=hint)
    if wanted and len(wanted) != values.shape[1]:
        raise DataError(f"one-hot labels of {values.shape[1]} classes, but data.classes names {len(wanted)}")
    names: NDArray[np.str_] = np.array(wanted or [str(position) for position in range(values.shape[1])])
    chosen: NDArray[np.str_] = names[values.argmax(axis=1)]
    return chosen


def _flags(words: Sequence[str]) -> NDArray[np.int64]:
    """By word: 0 for what is normal, 1 for everything else."""
    flags = np.array([word.lower() not in NORMAL_NAMES for word in words], dtype=np.int64)
    if flags.all():
        known = ", ".join(sorted(NORMAL_NAMES))
        raise DataError("no normal recording to learn from", hint=f"label normal recordings as one of: {known}")
    return flags


def _classes(
    names: Sequence[str], index: NDArray[np.int64], sources: Sequence[Source], wanted: tuple[str, ...]
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    classes = wanted or tuple(sorted(names, key=_natural))
    if len(classes) < 2:
        raise DataError(f"only one class, {classes[0]!r}: there is nothing to tell apart")
    if not wanted and len(classes) > MANY_NUMBERS and all(_is_fraction(name) for name in names):
        raise DataError(
            f"{len(classes):,} classes that are numbers, such as {classes[0]} and {classes[-1]}",
            hint="to predict numbers: task: regression; to tell classes apart: give them names",
        )
    places = {name: position for position, name in enumerate(classes)}
    for position, name in enumerate(names):
        if name not in places:
            source = sources[int(np.argmax(index == position))]
            hint = f"data.classes allows: {', '.join(classes)}"
            raise DataError(f"the unknown label {name!r}", file=source.file, row=source.row, hint=hint)
    return np.array([places[name] for name in names], dtype=np.int64)[index], classes


def _is_fraction(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return not name.strip().lstrip("-").isdecimal()


def _targets(raw: NDArray[Any], sources: Sequence[Source]) -> NDArray[np.float32]:
    """Regression targets as float32 [N, outputs]."""
    rows = raw.reshape(len(raw), -1)
    try:
        with np.errstate(over="ignore"):
            values = rows.astype(np.float32)
    except (TypeError, ValueError):
        place, name = next((at, text) for at, row in enumerate(rows) for text in row if not _is_number(text))
        source = sources[place]
        raise DataError(f"label {str(name)!r}: expected a number", file=source.file, row=source.row) from None
    for place in np.flatnonzero(~np.isfinite(values).all(axis=1))[:1]:
        source = sources[int(place)]
        found = values[place].tolist()
        raise DataError(f"label {found}: expected finite numbers", file=source.file, row=source.row)
    return values


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _natural(name: str) -> tuple[int, float, str]:
    """Whole numbers in their own order, before words: "2" before "10" before "walk"."""
    return (0, int(name), name) if name.lstrip("-").isdecimal() else (1, 0, name)
