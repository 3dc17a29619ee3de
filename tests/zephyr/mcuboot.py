"""A device with MCUboot and a flash of two slots: a QEMU machine whose flash is a file. It can be switched off at any
moment by ending QEMU, and the file looked at, damaged and written to behind its back.

Knows nothing of what the images do.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from mlforge.bundle.device import Device as SmpDevice
from mlforge.bundle.links import serial_link
from mlforge.bundle.smp_device import connected
from mlforge.toolchain.plugin import plugin
from mlforge.toolchain.process import command_line

SLOT_BYTES = 0x40000
SLOTS = (0, SLOT_BYTES)
STORAGE = 2 * SLOT_BYTES
STORAGE_BYTES = 0x10000
FLASH_BYTES = STORAGE + STORAGE_BYTES  # as in ota/simulated_flash.dtsi
SECTOR_BYTES = 4096
ERASED = b"\xff"
# At the end of a slot: swap it in for a test (bootutil's boot_img_magic, for writes of at most 8 bytes).
MAGIC = bytes.fromhex("77c295f360d2ef7f3552500f2cb67980")
IMAGE_OK = 24  # bytes from the end of a slot
QEMU = "qemu-system-arm"
NOTHING_TO_BOOT = "Unable to find bootable image"
# Time is virtual: a busy machine makes nobody miss a deadline.
VIRTUAL_TIME = ("-icount", "shift=6,align=off")
SILENCE_S = 20.0
TIMEOUT_S = 60.0  # of the wall clock; a busy machine emulates slowly


@dataclass(frozen=True)
class Board:
    """`memory_bytes`: of the memory that the flash is in (QEMU insists on all of it), from `flash_start` on."""

    name: str
    machine: str
    memory_bytes: int
    flash_start: int
    flash_address: int  # as the processor sees it
    early_watchdog: bool  # one that MCUboot starts, with the driver's default time, barks within seconds, not hours


AN385 = Board("mps2/an385", "mps2-an385", 16 << 20, 0, 0x21000000, True)  # PSRAM
AN547 = Board("mps3/corstone300/an547", "mps3-an547", 2 << 30, 256 << 20, 0x70000000, False)  # DDR; its secure part
BOARDS = {board.name: board for board in (AN385, AN547)}


@dataclass(frozen=True)
class Flash:
    """The file that is a board's memory. What is no flash is a hole in it. Offsets are the flash's."""

    path: Path
    board: Board

    @classmethod
    def erased(cls, path: Path, board: Board) -> Flash:
        with path.open("wb") as file:
            file.truncate(board.memory_bytes)
        flash = cls(path, board)
        flash.write(0, ERASED * FLASH_BYTES)
        return flash

    def content(self) -> bytes:
        return self.read(0, FLASH_BYTES)

    def read(self, offset: int, size_bytes: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek(self.board.flash_start + offset)
            return file.read(size_bytes)

    def write(self, offset: int, data: bytes) -> None:
        with self.path.open("r+b") as file:
            file.seek(self.board.flash_start + offset)
            file.write(data)

    def install(self, slot: int, image: bytes, *, test: bool = False) -> None:
        """Puts an image into a slot, past all checks; `test` asks MCUboot to swap it in."""
        trailer = MAGIC if test else ERASED * len(MAGIC)
        filling = ERASED * (SLOT_BYTES - len(image) - len(trailer))
        self.write(SLOTS[slot], image + filling + trailer)

    def flip(self, offset: int, bit: int) -> None:
        self.write(offset, bytes([self.read(offset, 1)[0] ^ 1 << bit]))

    def image_ok(self, slot: int) -> bool:
        """Whether the image in the slot is marked as confirmed."""
        return self.read(SLOTS[slot] + SLOT_BYTES - IMAGE_OK, 1) == b"\x01"

    def holds(self, slot: int, image: bytes) -> bool:
        return self.read(SLOTS[slot], len(image)) == image


def _power_cut() -> Path:
    return plugin(QEMU, Path(__file__).with_name("power_cut.c"))


@dataclass
class Device:
    """One board with its flash. `log` keeps all that its console ever printed, across resets and cuts of the power."""

    bootloader: Path  # MCUboot's ELF
    flash: Flash
    log: Path
    _process: subprocess.Popen[bytes] | None = None
    _read: int = 0  # how much of the console was waited for already
    _directory: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="mlforge-")))

    def discard(self) -> None:
        self.cut()
        shutil.rmtree(self._directory, ignore_errors=True)

    @property
    def port(self) -> str:
        """The second UART, which speaks SMP: a UNIX socket, whose name is short as it must be."""
        return f"unix:{self._directory / 'smp'}"

    def smp(self) -> AbstractContextManager[SmpDevice]:
        return connected(serial_link(self.port), SILENCE_S)

    @property
    def _count(self) -> Path:
        return self._directory / "stores"

    def start(self, cut_after: int | None = None) -> None:
        """Switches the power on. With `cut_after`, stores to the flash are counted; where it is not 0, the power goes
        before that one."""
        self.log.touch()
        self._read = self.log.stat().st_size
        memory = f"memory-backend-file,id=kept,size={self.flash.board.memory_bytes},mem-path={self.flash.path},share=on"
        console = f"file,id=console,path={self.log},append=on"
        words = [QEMU, "-machine", f"{self.flash.board.machine},memory-backend=kept", "-object", memory]
        words += ["-display", "none", "-monitor", "none", *VIRTUAL_TIME, "-chardev", console]
        words += ["-serial", "chardev:console", "-serial", f"{self.port},server=on,wait=off"]
        words += ["-kernel", str(self.bootloader)]
        if cut_after is not None:
            where = f"flash={self.flash.board.flash_address},size={FLASH_BYTES}"
            words += ["-plugin", f"{_power_cut()},{where},after={cut_after},count={self._count}"]
        self._process = subprocess.Popen(
            command_line(words), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def cut(self) -> None:
        """Takes the power away, whatever the device is at."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        self.cut()
        self.start()

    def console(self) -> str:
        """What it printed since what was last waited for."""
        with self.log.open("rb") as file:
            file.seek(self._read)
            return file.read().decode(errors="replace")

    def wait_for(self, pattern: str, timeout_s: float = TIMEOUT_S) -> re.Match[str]:
        """The first match of a regular expression in what the console prints from here on. Fails the test where there
        is none in time."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            text = self.console()
            if found := re.search(pattern, text):
                self._read += len(text[: found.end()].encode())
                return found
            if self._process is None or self._process.poll() is not None:
                raise AssertionError(f"the device is off while we wait for {pattern!r}:\n{text}")
            time.sleep(0.003)
        raise AssertionError(f"no {pattern!r} within {timeout_s:g} s:\n{self.log.read_text(errors='replace')[-4000:]}")

    def loses_power(self, unless: str = r"(?!)") -> bool:
        """Waits until the power is cut, as `cut_after` says; False where the console says `unless` (a regular
        expression) before that."""
        assert self._process is not None
        end = time.monotonic() + TIMEOUT_S
        while self._process.poll() is None:
            if re.search(unless, self.console()):
                return False
            assert time.monotonic() < end, self.log.read_text(errors="replace")[-4000:]
            time.sleep(0.003)
        self._process = None
        return True

    def stores(self) -> int:
        """To the flash, since it was switched on to count them."""
        return int.from_bytes(self._count.read_bytes(), sys.byteorder)
