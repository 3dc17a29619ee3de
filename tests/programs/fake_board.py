"""A board that is QEMU behind a serial port: flashed by a `west` of ours, and as unreliable as a test wants it."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mlforge.errors import RunError
from mlforge.targets.pseudo_terminal import PseudoTerminal
from mlforge.targets.transport import SocketTransport

QEMU = ("qemu-system-arm", "-nodefaults", "-no-user-config", "-display", "none", "-monitor", "none")
WEST = f"""#!{sys.executable}
import os, sys, time
from pathlib import Path
control, words = Path(os.environ["FAKE_BOARD"]), sys.argv[1:]
with (control / "calls").open("a") as calls:
    calls.write(" ".join(words) + "\\n")
if (control / "fail").is_file():
    sys.exit("ERROR: no probe with that serial number")
(control / "image.new").write_text(words[words.index("-d") + 1] + "/zephyr/zephyr.elf")
(control / "image.new").rename(control / "image")
for _ in range(2000):
    if not (control / "image").exists():
        sys.exit(0)
    time.sleep(0.01)
sys.exit("the board takes no image")
"""


@dataclass
class Faults:
    """What goes wrong. Counts are of bytes that the board has sent since it was made."""

    flips: float = 0.0  # the chance that a byte, either way, has a bit turned
    losses: float = 0.0  # that it gets lost
    resets: list[int] = field(default_factory=list)
    unplugged: list[tuple[int, float]] = field(default_factory=list)  # and for how many seconds
    silent: bool = False
    deaf_to_flash: bool = False  # says that it was flashed
    chance: random.Random = field(default_factory=lambda: random.Random(1))

    def through(self, data: bytes) -> bytes:
        if self.silent:
            return b""
        if not (self.flips or self.losses):
            return data
        kept = bytearray(byte for byte in data if self.chance.random() >= self.losses)
        for position in range(len(kept)):
            if self.chance.random() < self.flips:
                kept[position] ^= 1 << self.chance.randrange(8)
        return bytes(kept)


class _Line(SocketTransport):
    """The UART of the emulated board, with its faults."""

    def __init__(self, connected: socket.socket, board: FakeBoard) -> None:
        super().__init__(connected)
        self._board = board

    def read(self, timeout_s: float) -> bytes:
        data = super().read(timeout_s)
        self._board.sent += len(data)
        return self._board.faults.through(data)

    def write(self, data: bytes) -> None:
        if data := self._board.faults.through(data):
            super().write(data)


class FakeBoard(threading.Thread):
    """`port` is what a client opens; `control` is where the fake `west` leaves images."""

    def __init__(self, place: Path, faults: Faults, machine: str) -> None:
        super().__init__(daemon=True)
        self.port, self.control, self.faults = place / "ttyFAKE0", place / "control", faults
        self.sent = 0
        self._machine = machine
        self.control.mkdir()
        west = place / "bin" / "west"
        west.parent.mkdir()
        west.write_text(WEST)
        west.chmod(0o755)
        self.bin = west.parent
        self._image: Path | None = None
        self._terminal: PseudoTerminal | None = None
        self._line: _Line | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = threading.Event()
        self._plug()

    @property
    def flashed(self) -> list[str]:
        """The command lines of `west flash`."""
        calls = self.control / "calls"
        return calls.read_text().splitlines() if calls.is_file() else []

    def run(self) -> None:
        while not self._ended.is_set():
            self._flash()
            if self.faults.resets and self.sent >= self.faults.resets[0]:
                self.faults.resets.pop(0)
                self._start()
            if self.faults.unplugged and self.sent >= self.faults.unplugged[0][0]:
                self._unplug(self.faults.unplugged.pop(0)[1])
            if self._line is None or self._terminal is None:
                time.sleep(0.01)
                continue
            with contextlib.suppress(RunError, OSError):
                self._terminal.relay(self._line, 0.02)
        self._stop()
        self._out()

    def end(self) -> None:
        self._ended.set()
        self.join(20)

    def _flash(self) -> None:
        request = self.control / "image"
        if not request.is_file():
            return
        if not self.faults.deaf_to_flash:
            self._image = Path(request.read_text()).resolve()
            self._start()
        request.unlink()

    def _start(self) -> None:
        self._stop()
        ours, theirs = socket.socketpair()
        uart = ("-chardev", f"socket,id=uart,fd={theirs.fileno()}", "-serial", "chardev:uart")
        self._process = subprocess.Popen(
            [*QEMU, "-M", self._machine, *uart, "-kernel", str(self._image)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
        )
        theirs.close()
        self._line = _Line(ours, self)

    def _stop(self) -> None:
        if self._process is not None and self._line is not None:
            self._process.kill()
            self._process.wait()
            self._line.close()
        self._process = self._line = None

    def _plug(self) -> None:
        self._terminal = PseudoTerminal()
        self.port.symlink_to(self._terminal.path)

    def _out(self) -> None:
        self.port.unlink(missing_ok=True)
        if self._terminal is not None:
            self._terminal.close()
        self._terminal = None

    def _unplug(self, seconds: float) -> None:
        self._out()
        if not self._ended.wait(seconds):
            self._plug()
            if self._image is not None:
                self._start()  # it had no power


@contextlib.contextmanager
def fake_board(place: Path, faults: Faults, machine: str = "mps2-an386") -> Iterator[FakeBoard]:
    """A board without any firmware, whose `west` is the first in PATH."""
    board = FakeBoard(place, faults, machine)
    before = dict(os.environ)
    os.environ |= {"PATH": f"{board.bin}:{before['PATH']}", "FAKE_BOARD": str(board.control)}
    board.start()
    try:
        yield board
    finally:
        os.environ.clear()
        os.environ.update(before)
        board.end()
