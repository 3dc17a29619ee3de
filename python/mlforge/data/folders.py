"""The layout that the folder loaders share: DIRECTORY/LABEL/GROUP_anything.ext."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from mlforge.errors import DataError


@dataclass(frozen=True, slots=True)
class LabelledFile:
    path: Path
    label: str  # the folder's name
    group: str  # the file's name up to the first '_', or all of it without its suffix


def unread_files(directory: Path, suffix: str, read: Collection[Path]) -> tuple[Path, ...]:
    """Files with the suffix below the directory that are none of those read, sorted; hidden ones and folders that links
    lead to aside."""
    known = {path.absolute() for path in read}
    found = []
    for place, folders, names in os.walk(directory):
        folders[:] = sorted(name for name in folders if name[0] != ".")
        paths = (Path(place, name) for name in names if name[0] != "." and name.lower().endswith(suffix))
        found += [path for path in paths if path.absolute() not in known]
    return tuple(sorted(found))


def flat_files(directory: Path, suffix: str) -> list[Path]:
    """The files with the suffix in the directory itself, sorted; none where it has sub-folders. Hidden ones are passed
    over."""
    if not directory.is_dir():
        return []
    visible = sorted(path for path in directory.iterdir() if not path.name.startswith("."))
    return [] if any(path.is_dir() for path in visible) else [path for path in visible if path.suffix.lower() == suffix]


def labelled_files(directory: Path, suffix: str) -> list[LabelledFile]:
    """All files with the suffix in the directory's sub-folders, sorted. Hidden ones are passed over.

    Raises:
        DataError: no directory, no sub-folders, or a sub-folder without such files.
    """
    if not directory.is_dir():
        raise DataError("expected a directory with one sub-folder for each label", file=directory)
    folders = sorted(path for path in directory.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not folders:
        raise DataError("no sub-folders: expected one for each label", file=directory)
    found = []
    for folder in folders:
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() == suffix and path.name[0] != ".")
        if not files:
            raise DataError(f"no {suffix} files: a class without examples", file=folder)
        found += [LabelledFile(path, folder.name, path.stem.split("_", 1)[0]) for path in files]
    return found
