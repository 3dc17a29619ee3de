"""One QEMU with one firmware: start, converse, end. QEMU never outlives the process that started it.

Its serial port is one end of a socket pair, so no port number is needed and nobody else can connect.
"""

from __future__ import annotations

import contextlib
import math
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from mlforge.errors import RunError, ToolError
from mlforge.targets.protocol import DeviceClient
from mlforge.targets.transport import SocketTransport
from mlforge.toolchain.process import command_line, find

# One instruction takes 1 ns of virtual time: counts and clocks repeat exactly from run to run.
COUNTED: Final = ("-icount", "shift=0")
_STOP_TIMEOUT_S: Final = 10.0


def shift_of(clock_hz: int) -> int:
    """For -icount, so that about `clock_hz` instructions take a second: each takes 2^shift nanoseconds."""
    return max(0, min(10, round(math.log2(1e9 / clock_hz))))


class Machine(Protocol):
    """What QEMU is started as: a board of boards.py, or of Zephyr's."""

    @property
    def qemu(self) -> str:
        """The program, such as qemu-system-arm."""

    @property
    def machine(self) -> str:
        """Its -M."""

    @property
    def options(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Preload:
    """A file that QEMU puts into the machine's memory before it starts."""

    file: Path
    address: int


@contextlib.contextmanager
def running(
    machine: Machine, elf: Path, *, preload: Preload | None = None, options: Sequence[str] = (), timeout_s: float = 10.0
) -> Iterator[DeviceClient]:
    """QEMU with the firmware started and ready. On leaving, QEMU has ended and its plugins have written their files.

    Raises:
        RunError: it crashed, hung or broke the protocol; `log` has the firmware's lines and QEMU's own.
        ToolError: QEMU is not installed.
    """
    if find(machine.qemu) is None:
        raise ToolError(
            f"{machine.qemu} is not installed", hint="`west mlforge doctor` names the command that installs it"
        )
    ours, theirs = socket.socketpair()
    with tempfile.TemporaryFile() as errors:
        command = command_line([machine.qemu, *_arguments(machine, elf, preload, theirs.fileno()), *options])
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,  # Ctrl-C is MLForge's to handle
        )
        theirs.close()
        transport = SocketTransport(ours)
        client = DeviceClient(transport, timeout_s=timeout_s)
        try:
            client.await_ready()
            yield client
            _stop(process)
        except RunError as error:
            process.kill()
            process.wait()
            errors.seek(0)
            raise _explained(error, client.log, errors.read().decode(errors="replace")) from error
        finally:
            transport.close()
            if process.poll() is None:
                process.kill()
            process.wait()


def _explained(error: RunError, heard: str, words: str) -> RunError:
    """The failure with what QEMU itself had to say, such as that the core locked up."""
    said = [line for line in words.splitlines() if line.strip() and "warning:" not in line]
    log = "\n".join(part for part in (error.log or heard, *said) if part)
    return RunError(f"{error.message}; {said[0]}" if said else error.message, log=log, hint=error.hint)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ends QEMU in good order, so that plugins write what they counted."""
    process.terminate()
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise RunError(f"QEMU did not end within {_STOP_TIMEOUT_S:g} s") from error


def _arguments(machine: Machine, elf: Path, preload: Preload | None, serial: int) -> list[str]:
    words = [
        "-M",
        machine.machine,
        *machine.options,
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
        "-monitor",
        "none",
    ]
    words += ["-chardev", f"socket,id=uart,fd={serial}", "-serial", "chardev:uart", "-kernel", str(elf)]
    if preload is not None:
        words += ["-device", f"loader,file={preload.file},addr={preload.address:#x},force-raw=on"]
    return words
