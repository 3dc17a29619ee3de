"""Ctrl-C between two steps and not within one.

Python raises KeyboardInterrupt wherever the main thread happens to be. Within a query of a database it leaves a cursor
behind that the traceback keeps alive, and with it a lock that nobody gives back: the next write waits for itself.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ctrl-C takes effect when the block (or the function that is decorated with it) is over; a second one at once.

    May be nested. Does nothing outside of the main thread, which no signal reaches, and where Ctrl-C is ignored.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    handle = before
    came: list[tuple[int, FrameType | None]] = []

    def defer(number: int, frame: FrameType | None) -> None:
        if came:
            handle(number, frame)
        came.append((number, frame))

    signal.signal(signal.SIGINT, defer)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            handle(*came[0])
