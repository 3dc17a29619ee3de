"""Files that several processes may read or make at any moment: their hashes, writing in one step, making once."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


def sha256(data: bytes) -> str:
    """The hash in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def write_atomically(path: Path, data: bytes) -> None:
    """Writes so that a killed process leaves the old file or the new one, never a part. Devices and pipes are written
    to, and never replaced by a file."""
    if path.exists() and not path.is_file() and not path.is_dir():
        path.write_bytes(data)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(scratch, 0o644)  # noqa: PTH101 - mkstemp makes it private
        Path(scratch).replace(path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise


def write_changed(path: Path, data: bytes) -> bool:
    """Writes in one step where something else stands there, and says whether it did: what builds from a file need not
    do so again where it stays untouched."""
    with contextlib.suppress(OSError):
        if path.read_bytes() == data:
            return False
    write_atomically(path, data)
    return True


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[IO[str]]:
    """Keeps other processes that lock the same file out, and waits for those that were first. The lock goes with the
    process, however it ends; the file stays, and may hold a word about who has it.

    Raises:
        BlockingIOError: another process has it, and `wait` is false.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        _exclude_others(file, wait=wait)
        yield file


def _exclude_others(file: IO[str], *, wait: bool) -> None:
    """Where the system has no such locks, nobody is kept out: files take their places in one step there, too, and what
    several processes write to at a time (studies) does not run there (`posix.py`)."""
    try:
        import fcntl
    except ModuleNotFoundError:
        return
    fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


def made_once(path: Path, make: Callable[[Path], None]) -> Path:
    """A file that `make` makes on first use: of several processes one makes it, and the others wait. `make` fills
    another path, which takes its place in one step: nobody sees a part of it, and what fails leaves nothing behind."""
    if path.exists():
        return path
    with locked(path.with_name(f".{path.name}.lock")):
        if not path.exists():
            scratch = path.with_name(f".{os.getpid()}-{path.name}")
            try:
                make(scratch)
                scratch.replace(path)
            finally:
                scratch.unlink(missing_ok=True)
    return path
