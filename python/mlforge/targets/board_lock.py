"""One process and one thread for a board at a time: by the board's id, whatever its port is called."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Iterator
from typing import Final

from mlforge.errors import TargetUnavailableError
from mlforge.toolchain.files import locked
from mlforge.toolchain.sources import cache_directory

_THREADS: Final[dict[str, threading.Lock]] = {}
_GUARD: Final = threading.Lock()


@contextlib.contextmanager
def claimed(identity: str) -> Iterator[None]:
    """Holds a board. Threads of this process wait for one another; another process's board is refused.

    Raises:
        TargetUnavailableError: another process has it; the message says which.
    """
    with _GUARD:
        lock = _THREADS.setdefault(identity, threading.Lock())
    with lock:
        path = cache_directory() / "boards" / f"{re.sub('[^A-Za-z0-9_.-]', '-', identity)}.lock"
        with contextlib.ExitStack() as stack:
            try:
                file = stack.enter_context(locked(path, wait=False))
            except BlockingIOError as error:
                owner = path.read_text(encoding="utf-8")[:20].strip()
                who = f"process {owner}" if owner.isdecimal() else "another process"
                raise TargetUnavailableError(
                    f"the board {identity} is in use by {who}", hint="wait for it, or name another board"
                ) from error
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            try:
                yield
            finally:
                file.truncate(0)
