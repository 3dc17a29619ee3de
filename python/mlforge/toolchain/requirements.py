"""What MLForge uses on a machine, which Debian package brings it, and how to find out whether it is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlforge.toolchain.cores import CORES
from mlforge.toolchain.cross import TIMEOUT_S
from mlforge.toolchain.host import compiler
from mlforge.toolchain.process import find, run

ARM, RISCV, HOST = "emulated Arm boards", "emulated RISC-V board", "host target and instruction counts"
ZEPHYR = "west build"
_OS_RELEASE: Final = Path("/etc/os-release")
# Debian's names, which are Ubuntu's too, in Fedora. It has no RISC-V compiler for bare metal: Zephyr's SDK has one.
_FEDORA: Final = {
    "gcc-arm-none-eabi": "arm-none-eabi-gcc-cs",
    "libnewlib-arm-none-eabi": "arm-none-eabi-newlib",
    "libc6-dev": "glibc-devel",
    "postgresql": "postgresql-server",
    "qemu-system-misc": "qemu-system-riscv",
}


@dataclass(frozen=True, slots=True)
class Requirement:
    """`needed_for` says what does not work without it; `present` looks for it now."""

    name: str
    package: str
    needed_for: str
    optional: bool
    present: Callable[[], bool]


def requirements() -> tuple[Requirement, ...]:
    """All of them, in the order in which to install them."""
    return (
        _tool(compiler(), "gcc", HOST),
        Requirement("host C library headers", "libc6-dev", HOST, False, lambda: _finds_headers([compiler()])),
        _tool("arm-none-eabi-gcc", "gcc-arm-none-eabi", ARM),
        Requirement("newlib for Arm", "libnewlib-arm-none-eabi", ARM, False, lambda: _has_library("cortex-m4")),
        _tool("qemu-system-arm", "qemu-system-arm", ARM),
        _tool("riscv64-unknown-elf-gcc", "gcc-riscv64-unknown-elf", RISCV, optional=True),
        Requirement(
            "picolibc for RISC-V", "picolibc-riscv64-unknown-elf", RISCV, True, lambda: _has_library("rv32imac")
        ),
        _tool("qemu-system-riscv32", "qemu-system-misc", RISCV, optional=True),
        _tool("cmake", "cmake", ZEPHYR, optional=True),
        _tool("ninja", "ninja-build", ZEPHYR, optional=True),
        Requirement("PostgreSQL server", "postgresql", "tests of studies on many machines", True, _has_postgres),
        _tool("setpriv", "util-linux", "ending QEMU when MLForge is killed", optional=True),
    )


def missing(*, optional: bool = True) -> tuple[Requirement, ...]:
    """What this machine lacks; without `optional`, only what the main job cannot do without."""
    return tuple(item for item in requirements() if (optional or not item.optional) and not item.present())


def install_command(wanted: Iterable[Requirement]) -> str:
    """The one command that installs them, by the names of this system; empty where there is nothing to install."""
    packages = {item.package for item in wanted}
    if not packages:
        return ""
    if _is_fedora():
        return f"sudo dnf install {' '.join(sorted({_FEDORA.get(one, one) for one in packages}))}"
    return f"sudo apt-get install --no-install-recommends {' '.join(sorted(packages))}"


def _is_fedora() -> bool:
    """By os-release(5): Fedora, or one of its kind."""
    try:
        lines = _OS_RELEASE.read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    told = " ".join(line.partition("=")[2].strip("\"'") for line in lines if line.startswith(("ID=", "ID_LIKE=")))
    return bool({"fedora", "rhel", "centos"} & set(told.split()))


def _tool(name: str, package: str, needed_for: str, *, optional: bool = False) -> Requirement:
    return Requirement(name, package, needed_for, optional, lambda: find(name) is not None)


def _has_postgres() -> bool:
    """Debian keeps the server's programs out of the PATH."""
    return find("initdb") is not None or any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


def _has_library(core_name: str) -> bool:
    core = CORES[core_name]
    return _finds_headers([core.compiler, *core.flags, *core.library_flags])


def _finds_headers(command: Sequence[str]) -> bool:
    """Whether the compiler finds its C library, which comes in a package of its own."""
    if find(command[0]) is None:
        return False
    probe = ["-E", "-include", "string.h", "-x", "c", "/dev/null", "-o", "/dev/null"]
    return run([*command, *probe], timeout_s=TIMEOUT_S).status == 0
