"""Finding the user's Zephyr workspace and toolchain, building applications in it, and running them in QEMU.

Both are found as the product finds them: see mlforge/toolchain/zephyr.py.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mlforge.errors import ToolError
from mlforge.toolchain import zephyr
from mlforge.toolchain.zephyr import ZephyrBuild, toolchain_settings
from tests.programs.require import zephyr_missing

QEMU = {
    "qemu_cortex_m3": ("qemu-system-arm", "-M", "lm3s6965evb"),
    "mps2/an385": ("qemu-system-arm", "-M", "mps2-an385"),
    "mps2/an386": ("qemu-system-arm", "-M", "mps2-an386"),
    "mps3/corstone300/an547": ("qemu-system-arm", "-M", "mps3-an547"),
    "qemu_riscv32": ("qemu-system-riscv32", "-M", "virt", "-bios", "none", "-m", "256"),
}
# As `west build -t run` does: time is virtual, so that a busy machine makes nobody miss a deadline.
VIRTUAL_TIME = ("-icount", "shift=6,align=off,sleep=off", "-rtc", "clock=vm")
WARNINGS_ARE_ERRORS = {"CONFIG_COMPILER_WARNINGS_AS_ERRORS": "y", "EXTRA_GEN_EDT_ARGS": "--edtlib-Werror"}  # as twister
BUILD_TIMEOUT_S = 800  # of the wall clock, as the next; a busy machine builds slowly
RUN_TIMEOUT_S = 120


def boards(*wanted: str) -> tuple[str, ...]:
    """Those that there is a toolchain for: of Arm and RISC-V a user may well have one only. All where there is none, so
    that their tests say so."""
    usable = tuple(board for board in wanted if toolchain_settings(board) is not None)
    return usable if usable != ("native_sim",) and usable else wanted


@dataclass(frozen=True)
class Workspace:
    """The product's own way into Zephyr, with warnings as errors."""

    real: zephyr.Workspace

    @property
    def base(self) -> Path:
        return self.real.base

    def environment(self) -> dict[str, str]:
        return self.real.environment()

    def configure(self, source: Path, build: Path, board: str, **more: Any) -> Done:
        """`more`: further fields of ZephyrBuild."""
        more["settings"] = {**WARNINGS_ARE_ERRORS, **more.get("settings", {})}
        done = self.real.configure(ZephyrBuild(source, build, board, **more))
        return Done(done.status, done.output)

    def ninja(self, build: Path, *arguments: str) -> Done:
        done = self.real.ninja(build, *arguments, timeout_s=BUILD_TIMEOUT_S)
        return Done(done.status, done.output)

    def build(self, source: Path, build: Path, board: str, **more: Any) -> str:
        """What the build printed. Fails the test where it fails."""
        for done in (self.configure(source, build, board, **more), self.ninja(build)):
            assert done.returncode == 0, done.stdout[-4000:]
        return done.stdout


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str


@cache
def find_workspace() -> Workspace | str:
    """The workspace, or why there is none."""
    try:
        return Workspace(zephyr.workspace())
    except ToolError as error:
        return f"{error.message} ({error.hint})"


def require_workspace() -> Workspace:
    """The workspace; skips the test, or fails it, where there is none."""
    found = find_workspace()
    if isinstance(found, str):
        zephyr_missing(found)
    return found


def require_toolchain(board: str) -> None:
    """Skips the test of a board that no toolchain is named for."""
    if toolchain_settings(board) is None:
        zephyr_missing("no Zephyr toolchain for the board (ZEPHYR_TOOLCHAIN_VARIANT, or an installed SDK)")


def run_image(
    build: Path, board: str, last_line: str, *, image: Path | None = None, arguments: tuple[str, ...] = ()
) -> list[str]:
    """The console of the image up to a line that holds `last_line`, without Zephyr's banner.

    QEMU never ends by itself: it is stopped then, or after RUN_TIMEOUT_S. `image` stands in for the build's own;
    `arguments` are native_sim's.
    """
    if board == "native_sim":
        command = [str(image or build / "zephyr" / "zephyr.exe"), *arguments]
    else:
        kernel = str(image or build / "zephyr" / "zephyr.elf")
        command = [*QEMU[board], *VIRTUAL_TIME, "-nographic", "-kernel", kernel]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )
    assert process.stdout is not None
    os.set_blocking(process.stdout.fileno(), False)
    text, end = "", time.monotonic() + RUN_TIMEOUT_S
    try:
        while time.monotonic() < end and last_line not in text:
            ended = process.poll() is not None
            text += (process.stdout.read() or b"").decode(errors="replace")
            if ended:
                break
            time.sleep(0.05)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    assert last_line in text, text[-3000:]
    return [line.rstrip() for line in text.splitlines() if not line.startswith("***")]
