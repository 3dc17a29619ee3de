"""Byte streams to a device: a socket to QEMU's serial port, or a real serial port."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import Any, Final, Protocol

from mlforge.errors import RunError

_GATHER_S: Final = 0.0003


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
    """A serial port, through pyserial."""

    def __init__(self, port: str, baud: int) -> None:
        import serial  # here, since only boards need it

        try:
            self._port: Any = serial.Serial(port, baud, timeout=0.1, write_timeout=30.0)
        except serial.SerialException as error:
            raise RunError(f"cannot open {port}: {error}") from error

    def read(self, timeout_s: float) -> bytes:
        self._port.timeout = timeout_s
        try:
            first: bytes = self._port.read(1)
            rest: bytes = self._port.read(self._port.in_waiting) if first else b""
        except OSError as error:  # SerialException is one
            raise RunError(f"the serial port broke: {error}") from error
        return first + rest

    def write(self, data: bytes) -> None:
        try:
            self._port.write(data)
        except OSError as error:
            raise RunError(f"the serial port broke: {error}") from error

    def fileno(self) -> int:
        return int(self._port.fileno())

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._port.close()
