"""Opening data files: regular ones alone, so that no pipe or device is waited for, and a word on how far a long load
is. Knows no format."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from mlforge.errors import DataError

Say = Callable[[str], None]

FIRST_S: Final = 2.0  # loads shorter than this are not spoken of
EVERY_S: Final = 5.0
# What a system lacks of these, it does not need: pipes that wait, and bytes that are no lines.
_OPEN_FLAGS: Final = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))
_KINDS: Final = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a directory",
}


def silent(sentence: str) -> None:
    """For those who need no word."""


def open_regular(path: Path) -> BinaryIO:
    """The file, for reading bytes.

    Raises:
        DataError: it is a pipe, a socket, a device or a directory, or cannot be opened.
    """
    try:
        regular_size(path)
        # Without waiting, and looked at again: what stands there may have changed since.
        descriptor = os.open(path, _OPEN_FLAGS)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise DataError("not a regular file", file=path)
        return os.fdopen(descriptor, "rb")
    except (OSError, ValueError) as error:
        raise DataError(f"cannot be read: {reason_of(error)}", file=path) from error


def regular_size(path: Path) -> int:
    """Of a regular file, in bytes. Raises DataError for anything else, OSError where there is nothing."""
    found = path.stat()
    kind = stat.S_IFMT(found.st_mode)
    if kind != stat.S_IFREG:
        raise DataError(f"{_KINDS.get(kind, 'no file')}: expected a regular file", file=path)
    return found.st_size


def reason_of(error: BaseException) -> str:
    """What an exception says, on one line; its type's name where it says nothing."""
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    lines = words.strip().splitlines()
    return lines[0] if lines else type(error).__name__


class Reading:
    """Tells how far a load of several files is, by their bytes, where it takes long."""

    def __init__(self, say: Say = silent, clock: Callable[[], float] = time.monotonic) -> None:
        self._say, self._clock = say, clock
        self._due = clock() + FIRST_S
        self._total, self._before = 0, 0

    def expect(self, paths: Sequence[Path]) -> None:
        """The files that are to be read. Raises DataError where one is no regular file."""
        for path in paths:
            try:
                self._total += regular_size(path)
            except (OSError, ValueError) as error:
                raise DataError(f"cannot be read: {reason_of(error)}", file=path) from error

    def at(self, path: Path, offset: int) -> None:
        """So many bytes of the file are read."""
        if self._total and self._clock() >= self._due:
            self._due = self._clock() + EVERY_S
            share = min(1.0, (self._before + offset) / self._total)
            self._say(f"data: {share:.0%} of {self._total / 1e6:.0f} MB read, {path.name}")

    def waiting(self, what: str) -> None:
        """Nothing is known of how far it is."""
        if self._clock() >= self._due:
            self._due = self._clock() + EVERY_S
            self._say(f"data: {what}")

    def done(self, path: Path, size: int) -> None:
        """The file is read, all of its bytes."""
        self.at(path, size)
        self._before += size
