"""One process and one thread for a board at a time: by the board's id, whatever its port is called.

A claim is a lock with a lease. It goes with its process, however that ends; and whoever does not renew it in time loses
it, as a process that hangs.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from mlforge.errors import RunError, TargetUnavailableError
from mlforge.toolchain.files import locked
from mlforge.toolchain.sources import cache_directory

LEASE_S: Final = 600.0
_THREADS: Final[dict[str, threading.Lock]] = {}
_CLAIMS: Final[dict[str, Claim]] = {}
_GUARD: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class Claim:
    """`file` is the locked one at `path`, as long as nobody has taken the board over."""

    identity: str
    path: Path
    file: IO[str]
    lease_s: float

    def renew(self) -> None:
        """Raises RunError where another process has taken the board over."""
        try:
            mine = self.path.stat().st_ino == os.fstat(self.file.fileno()).st_ino
        except FileNotFoundError:
            mine = False
        if not mine:
            raise RunError(
                f"another process has taken the board {self.identity} over: it was not used for {self.lease_s:g} s"
            )
        self.file.truncate(0)
        self.file.write(f"{os.getpid()} {time.time() + self.lease_s:.0f}")
        self.file.flush()


@contextlib.contextmanager
def claimed(identity: str, *, lease_s: float = LEASE_S, wait: bool = True) -> Iterator[Claim]:
    """Holds a board. Threads of this process wait for one another, unless `wait` says no; a board of another process is
    refused.

    Raises:
        TargetUnavailableError: another process has it, which the message names; or a thread does, and nobody waits.
    """
    with _GUARD:
        lock = _THREADS.setdefault(identity, threading.Lock())
    if not lock.acquire(blocking=wait):
        raise TargetUnavailableError(f"the board {identity} is in use by another thread")
    try:
        path = board_file(identity, "lock")
        with contextlib.ExitStack() as stack:
            claim = Claim(identity, path, _taken(stack, identity, path), lease_s)
            claim.renew()
            _CLAIMS[identity] = claim
            try:
                yield claim
            finally:
                _CLAIMS.pop(identity, None)
                claim.file.truncate(0)
    finally:
        lock.release()


def renew(identity: str) -> None:
    """Prolongs the claim that this process has on the board; nothing where it has none. Raises RunError: it is lost."""
    claim = _CLAIMS.get(identity)
    if claim is not None:
        claim.renew()


def board_file(identity: str, kind: str) -> Path:
    """Where all processes of this machine look for something about a board."""
    return cache_directory() / "boards" / f"{re.sub('[^A-Za-z0-9_.-]', '-', identity)}.{kind}"


def _taken(stack: contextlib.ExitStack, identity: str, path: Path) -> IO[str]:
    """The locked file. A lease that has run out is taken over: its owner has the old file, and a new one counts."""
    with contextlib.suppress(BlockingIOError):
        return stack.enter_context(locked(path, wait=False))
    with locked(path.with_suffix(".guard")):
        owner, until_s = _owner(path)
        if until_s is not None and until_s < time.time():
            path.unlink(missing_ok=True)
        with contextlib.suppress(BlockingIOError):
            return stack.enter_context(locked(path, wait=False))
    raise TargetUnavailableError(
        f"the board {identity} is in use by {owner}", hint="wait for it, or name another board"
    )


def _owner(path: Path) -> tuple[str, float | None]:
    """Who has it, and until when."""
    try:
        words = path.read_text(encoding="utf-8")[:64].split()
    except OSError:
        words = []
    who = f"process {words[0]}" if words and words[0].isdecimal() else "another process"
    return who, float(words[1]) if len(words) == 2 and words[1].isdecimal() else None
