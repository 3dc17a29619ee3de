"""Finding the user's Zephyr workspace and toolchain, building applications in it, and running them in QEMU.

A workspace is found as Zephyr's own tools find it: ZEPHYR_BASE, the workspace that the current directory is in, or
CMake's user package registry. The toolchain is the one that the environment names, else an installed Zephyr SDK.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mlforge.toolchain.sources import root

REGISTRY = Path.home() / ".cmake" / "packages"
QEMU = {
    "qemu_cortex_m3": ("qemu-system-arm", "-M", "lm3s6965evb"),
    "mps2/an386": ("qemu-system-arm", "-M", "mps2-an386"),
    "qemu_riscv32": ("qemu-system-riscv32", "-M", "virt", "-bios", "none", "-m", "256"),
}
WARNINGS_ARE_ERRORS = ("-DCONFIG_COMPILER_WARNINGS_AS_ERRORS=y", "-DEXTRA_GEN_EDT_ARGS=--edtlib-Werror")  # as twister
BUILD_TIMEOUT_S = 280
RUN_TIMEOUT_S = 60


def toolchain(board: str) -> tuple[str, ...] | None:
    """CMake arguments for the toolchain of a board, or None where there is none."""
    if board == "native_sim":
        return ("-DZEPHYR_TOOLCHAIN_VARIANT=host",)
    family = "riscv" if "riscv" in board else "arm"
    works = {
        "gnuarmemb": family == "arm",
        "cross-compile": family in os.environ.get("CROSS_COMPILE", ""),
        "": bool(os.environ.get("ZEPHYR_SDK_INSTALL_DIR") or any((REGISTRY / "Zephyr-sdk").glob("*"))),
    }
    return () if works.get(os.environ.get("ZEPHYR_TOOLCHAIN_VARIANT", ""), True) else None


def boards(*wanted: str) -> tuple[str, ...]:
    """Those that there is a toolchain for: of Arm and RISC-V a user may well have one only. All where there is none, so
    that their tests say so."""
    usable = tuple(board for board in wanted if toolchain(board) is not None)
    return usable if usable != ("native_sim",) and usable else wanted


@dataclass(frozen=True)
class Workspace:
    base: Path

    def environment(self) -> dict[str, str]:
        """Not pytest's own settings, and one checkout of MLForge alone."""
        dropped = ("PYTEST_", "ZEPHYR_EXTRA_MODULES", "EXTRA_ZEPHYR_MODULES", "MLFORGE_PYTHON")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
        return {**kept, "ZEPHYR_BASE": str(self.base)}

    def configure(
        self, source: Path, build: Path, board: str, *, module: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        command: list[str | Path] = ["cmake", "-GNinja", "-S", source, "-B", build, f"-DBOARD={board}"]
        command += [f"-DZEPHYR_EXTRA_MODULES={module or root()}", f"-DWEST_PYTHON={python()}"]
        return self._run([*command, *WARNINGS_ARE_ERRORS, *(toolchain(board) or ())])

    def ninja(self, build: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._run(["ninja", "-C", build, *arguments])

    def build(self, source: Path, build: Path, board: str, *, module: Path | None = None) -> str:
        """What the build printed. Fails the test where it fails."""
        for done in (self.configure(source, build, board, module=module), self.ninja(build)):
            assert done.returncode == 0, done.stdout[-4000:]
        return done.stdout

    def _run(self, command: list[str | Path]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=BUILD_TIMEOUT_S,
            env=self.environment(),
        )


@cache
def find_workspace() -> Workspace | str:
    """The workspace, or why there is none."""
    if missing := [tool for tool in ("cmake", "ninja", "dtc") if shutil.which(tool) is None]:
        return f"{', '.join(missing)} not installed"
    for base in _candidates():
        if (base / "VERSION").is_file() and (base / "share" / "zephyr-package").is_dir():
            if python() is None:
                return f"no Python with Zephyr's requirements for {base}"
            return Workspace(base)
    return "no Zephyr workspace (ZEPHYR_BASE, west topdir, CMake's user package registry)"


def _candidates() -> list[Path]:
    found = [Path(os.environ["ZEPHYR_BASE"])] if os.environ.get("ZEPHYR_BASE") else []
    found += [parent / "zephyr" for parent in Path.cwd().parents if (parent / ".west" / "config").is_file()]
    for entry in sorted((REGISTRY / "Zephyr").glob("*")):
        found.append(Path(entry.read_text(encoding="utf-8").strip()).parents[2])
    return found


@cache
def python() -> str | None:
    """A Python that Zephyr's build runs on: the user's, else this one."""
    needed = "import elftools, packaging, pykwalify, west, yaml"
    for candidate in (shutil.which("python3"), sys.executable):
        if candidate and subprocess.run([candidate, "-c", needed], capture_output=True, timeout=30).returncode == 0:
            return candidate
    return None


def run_image(build: Path, board: str, last_line: str) -> list[str]:
    """The console of the image up to a line that holds `last_line`, without Zephyr's banner.

    QEMU never ends by itself: it is stopped then, or after RUN_TIMEOUT_S.
    """
    if board == "native_sim":
        command = [str(build / "zephyr" / "zephyr.exe")]
    else:
        command = [*QEMU[board], "-nographic", "-kernel", str(build / "zephyr" / "zephyr.elf")]
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
