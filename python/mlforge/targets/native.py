"""A measuring firmware that is a program of this machine (native_sim's): its standard input and output are the UART."""

from __future__ import annotations

import contextlib
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mlforge.errors import RunError
from mlforge.targets.protocol import DeviceClient
from mlforge.targets.transport import SocketTransport
from mlforge.toolchain.process import command_line

BUFFER_BYTES: Final = 8 * 1024  # vectors go over the wire: what fits the firmware's own buffer, and takes little time


@contextlib.contextmanager
def session(program: Path, data: bytes, *, timeout_s: float) -> Iterator[DeviceClient]:
    """The program started and ready, with `data` in its buffer; it has ended on leaving.

    Raises:
        RunError: it crashed, hung or broke the protocol.
    """
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(
        command_line([program]),
        stdin=theirs.fileno(),
        stdout=theirs.fileno(),
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is MLForge's to handle
    )
    theirs.close()
    transport = SocketTransport(ours)
    client = DeviceClient(transport, timeout_s=timeout_s)
    try:
        client.await_ready()
        if data:
            client.load(data, client.info().line_bytes)
        yield client
    except RunError as error:
        status = process.poll()
        ended = f"; the program ended with status {status}" if status is not None else ""
        raise RunError(f"{error.message}{ended}", log=error.log or client.log, hint=error.hint) from error
    finally:
        transport.close()
        process.kill()
        process.wait()
