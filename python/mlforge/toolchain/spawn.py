"""Starting a Python process of our own beside this one (multiprocessing's `spawn`), such that nothing of the parent's
main module is run again in it, and that it ends with the parent."""

from __future__ import annotations

import contextlib
import ctypes
import signal
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Final

_PR_SET_PDEATHSIG: Final = 1  # prctl(2)


@contextlib.contextmanager
def without_main() -> Iterator[None]:
    """A spawned process runs its parent's main module again, whatever that may import or do. Not one started here."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def die_with_parent() -> None:
    """Of the calling process: the kernel ends it with the thread that started it (Linux; elsewhere nothing)."""
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
