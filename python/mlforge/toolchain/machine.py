"""Failures of the machine, whatever was to be done: no space, no quota, nothing writable. Told in one sentence."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from collections.abc import Iterator
from typing import Final

from mlforge.errors import ForgeError, MachineError
from mlforge.toolchain.sources import cache_directory

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_CLOSED: Final = frozenset({errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE, errno.EIO})
_WORDS: Final = re.compile(  # of the C library, in compilers' output; and of SQLite
    r"No space left on device|Disk quota exceeded|File too large|Read-only file system|Too many open files|"
    r"database or disk is full|readonly database|disk I/O error|unable to open database file",
    re.IGNORECASE,
)
_MAKE_ROOM: Final = "make room, or name other places with MLFORGE_CACHE and TMPDIR; the same command goes on"
_NAME_OTHERS: Final = "MLFORGE_CACHE names another place for builds, TMPDIR one for temporary files"
_NO_TEMPORARY: Final = "no directory for temporary files can be written"


def machine_failure(error: BaseException) -> MachineError | None:
    """The sentence for an error that came from the machine, however deep behind others; None for any other error."""
    for one in _chain(error):
        if isinstance(one, MachineError):
            return one
        if isinstance(one, FileNotFoundError) and "temporary directory" in str(one):
            return MachineError(_NO_TEMPORARY, hint="set TMPDIR, or MLFORGE_CACHE, to one that can")
        if isinstance(one, OSError) and one.errno in _FULL | _CLOSED:
            where = f"{one.filename}: " if one.filename else ""
            hint = _MAKE_ROOM if one.errno in _FULL else _NAME_OTHERS
            return MachineError(f"{where}{(one.strerror or str(one)).lower()}", hint=hint)
        log = getattr(one, "log", "") if isinstance(one, ForgeError) else ""
        if found := _WORDS.search(f"{one}\n{log}"):
            return MachineError(f"{_headline(one)}: {found[0].lower()}", hint=_cure(found[0].lower()))
    return None


def settle_temporary_files() -> None:
    """Where no directory for temporary files can be written, lets the cache have them: ours, and those of compilers."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        try:
            place = cache_directory()
            place.mkdir(parents=True, exist_ok=True)
        except (ForgeError, OSError):
            return  # not every command needs any; those that do say so
        os.environ["TMPDIR"] = str(place)
        tempfile.tempdir = None


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)


def _cure(words: str) -> str:
    if "read" in words or "open" in words:
        return f"a study is kept in .mlforge beside its contract, which must be writable; {_NAME_OTHERS}"
    return _MAKE_ROOM


def _headline(error: BaseException) -> str:
    if isinstance(error, ForgeError):
        return error.message.splitlines()[0]
    return "the study cannot be stored" if "sql" in type(error).__module__ or "sql" in str(error).lower() else "a file"
