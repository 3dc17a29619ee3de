"""Processor cores as data: which compiler builds for them, with which flags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mlforge.errors import TargetUnavailableError


@dataclass(frozen=True, slots=True)
class Core:
    """`flags` select the core for compiler and linker alike. `isa` is what the engine generates code for; see
    compiler/isa.py."""

    name: str
    prefix: str  # of the GNU tools, such as "arm-none-eabi-"
    flags: tuple[str, ...]
    family: str  # "cortex-m" or "riscv": which startup code and cost table kind
    isa: str
    library_flags: tuple[str, ...] = ()  # where the C library's headers are, if not in the compiler's own place

    @property
    def compiler(self) -> str:
        return f"{self.prefix}gcc"

    @property
    def archiver(self) -> str:
        return f"{self.prefix}ar"


def _cortex_m(name: str, isa: str, *flags: str) -> Core:
    return Core(name, "arm-none-eabi-", ("-mthumb", *flags), "cortex-m", isa)


_CORES: Final = (
    _cortex_m("cortex-m0", "thumb1", "-mcpu=cortex-m0", "-mfloat-abi=soft"),
    _cortex_m("cortex-m3", "generic", "-mcpu=cortex-m3", "-mfloat-abi=soft"),
    _cortex_m("cortex-m4", "dsp", "-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"),
    _cortex_m("cortex-m7", "dsp", "-mcpu=cortex-m7", "-mfpu=fpv5-d16", "-mfloat-abi=hard"),
    _cortex_m("cortex-m33", "dsp", "-mcpu=cortex-m33", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard"),
    _cortex_m("cortex-m55", "mve", "-mcpu=cortex-m55", "-mfloat-abi=hard"),
    Core(
        "rv32imac",
        "riscv64-unknown-elf-",
        ("-march=rv32imac", "-mabi=ilp32", "-mcmodel=medany"),
        "riscv",
        "generic",
        ("--specs=picolibc.specs",),
    ),
)

CORES: Final = {core.name: core for core in _CORES}


def core_named(name: str) -> Core:
    """Raises TargetUnavailableError for a core that is not in the table."""
    if name not in CORES:
        raise TargetUnavailableError(f"no such core: {name}", hint=f"known cores: {', '.join(CORES)}")
    return CORES[name]
