"""A device's serial line as a pseudo-terminal, so that any program which opens a serial port can talk to it.

Bytes are passed on as they come, in both directions; who reads too slowly is waited for, as by a UART with handshake.
"""

from __future__ import annotations

import contextlib
import os
import pty
import select
import tty
from collections.abc import Iterator
from typing import Final

from mlforge.errors import RunError
from mlforge.targets.transport import Transport

_CHUNK_BYTES: Final = 4096


class PseudoTerminal:
    """`path` is what others open. Their end stays open here, too, so that they may come and go."""

    def __init__(self) -> None:
        self._ours, self._theirs = pty.openpty()
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self.path: Final = os.ttyname(self._theirs)
        self._pending = b""

    def close(self) -> None:
        for end in (self._ours, self._theirs):
            with contextlib.suppress(OSError):
                os.close(end)

    def relay(self, device: Transport, timeout_s: float) -> None:
        """Passes on what comes within the time. Raises RunError where the device is gone."""
        ours, theirs = self._ours, device.fileno()
        reading = [ours] if self._pending else [ours, theirs]
        readable, writable, _ = select.select(reading, [ours] if self._pending else [], [], timeout_s)
        if ours in readable:
            device.write(os.read(ours, _CHUNK_BYTES))
        if theirs in readable:
            self._pending = device.read(timeout_s)
        if self._pending and (writable or theirs in readable):
            with contextlib.suppress(BlockingIOError):
                self._pending = self._pending[os.write(ours, self._pending) :]


@contextlib.contextmanager
def pseudo_terminal() -> Iterator[PseudoTerminal]:
    """Raises RunError where this machine has none to give."""
    try:
        terminal = PseudoTerminal()
    except OSError as error:
        raise RunError(f"this machine gives no pseudo-terminal: {error.strerror}") from error
    try:
        yield terminal
    finally:
        terminal.close()
