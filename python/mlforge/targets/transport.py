"""Byte streams to a device: a socket to QEMU's serial port, or a real serial port."""

from __future__ import annotations

import contextlib
import errno
import socket
import time
from typing import Any, Final, Protocol

from mlforge.errors import LineError, RunError

_GATHER_S: Final = 0.0003
_CHUNK_BYTES: Final = 1 << 16


def _broken() -> tuple[type[Exception], ...]:
    """What pyserial lets through when a device goes; SerialException is an OSError, a closed port's file is None."""
    try:
        import termios
    except ModuleNotFoundError:  # not a POSIX system
        return OSError, TypeError
    return OSError, termios.error, TypeError


_BROKEN: Final = _broken()


class Transport(Protocol):
    def read(self, timeout_s: float) -> bytes:
        """Some bytes, or none where none came in time. Raises RunError when the other side is gone."""

    def write(self, data: bytes) -> None:
        """All bytes. Raises RunError when the other side is gone or does not take them."""

    def fileno(self) -> int:
        """For select: readable when `read` has something at once."""

    def close(self) -> None: ...


class SocketTransport:
    """A connected stream socket."""

    def __init__(self, connected: socket.socket, write_timeout_s: float = 30.0) -> None:
        self._socket = connected
        self._write_timeout_s = write_timeout_s

    def read(self, timeout_s: float) -> bytes:
        self._socket.settimeout(max(timeout_s, 0.001))
        try:
            data = self._socket.recv(1)
            if data:
                # QEMU sends byte by byte: let some gather, rather than wake for each.
                time.sleep(_GATHER_S)
                data += self._gathered()
        except TimeoutError:
            return b""
        except OSError as error:
            raise RunError(f"the connection to the firmware broke: {error}") from error
        if not data:
            raise RunError("the firmware's end of the connection closed")
        return data

    def _gathered(self) -> bytes:
        self._socket.setblocking(False)
        try:
            return self._socket.recv(1 << 16)
        except BlockingIOError:
            return b""

    def write(self, data: bytes) -> None:
        self._socket.settimeout(self._write_timeout_s)
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise RunError(f"the firmware takes no more input: {error}") from error

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.close()


class SerialTransport:
    """A serial port, or a URL of pyserial's (socket://HOST:PORT, rfc2217://HOST:PORT), held for this process alone."""

    def __init__(self, port: str, baud: int) -> None:
        """Raises LineError where there is no such port now, RunError where it may not be opened or somebody has it."""
        import serial  # here, since only boards need it

        try:
            self._port: Any = serial.serial_for_url(port, baud, timeout=0.1, write_timeout=30.0, exclusive=True)
        except (OSError, ValueError) as error:  # SerialException is the first
            raise _unopened(port, error) from error

    def read(self, timeout_s: float) -> bytes:
        try:
            self._port.timeout = timeout_s
            data: bytes = self._port.read(1)
            while data and len(data) < _CHUNK_BYTES and (waiting := self._port.in_waiting):
                data += self._port.read(waiting)
        except _BROKEN as error:
            raise LineError(f"the serial port broke: {error}") from error
        return data

    def write(self, data: bytes) -> None:
        try:
            self._port.write(data)
        except _BROKEN as error:
            raise LineError(f"the serial port broke: {error}") from error

    def fileno(self) -> int:
        return int(self._port.fileno())

    def close(self) -> None:
        inner = getattr(self._port, "_socket", None)
        with contextlib.suppress(*_BROKEN):
            self._port.close()
        if inner is not None:
            inner.close()  # which pyserial forgets where the other side was the first to go


def _unopened(port: str, error: Exception) -> RunError:
    """What is the matter with a port, by the errno that pyserial passes on."""
    code = getattr(error, "errno", None)
    if code in (errno.EACCES, errno.EPERM):
        return RunError(
            f"{port}: no permission to open it",
            hint="join the group that owns it: `sudo usermod -a -G dialout $USER`, then log in again",
        )
    if code in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in str(error):
        return RunError(f"{port} is in use by another program", hint="close the terminal or the debugger that has it")
    if isinstance(error, ValueError):
        return RunError(f"{port} is no serial port: {error}")
    return LineError(f"cannot open {port}: {error}", hint="is the board plugged in?")
