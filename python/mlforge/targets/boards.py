"""QEMU machines as data, under the names that Zephyr gives the boards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mlforge.toolchain.cores import Core, core_named

KIB: Final = 1024
MIB: Final = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Region:
    origin: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Board:
    """`spare` is memory that no image uses, where test vectors wait; None: what the image leaves of `ram`."""

    name: str
    core_name: str
    qemu: str
    machine: str
    flash: Region
    ram: Region
    spare: Region | None
    uart: str  # the source file ports/baremetal/uart_<uart>.c
    uart_base: int
    clock_hz: int  # of the clock that the firmware reads, not of a real core
    stack_bytes: int = 16 * KIB
    options: tuple[str, ...] = ()

    @property
    def core(self) -> Core:
        return core_named(self.core_name)


def _mps2(name: str, core: str, *, variant: str = "", psram: int = 0x2100_0000) -> Board:
    """Application notes 385, 386 and 500: 4 MB of zero-wait SSRAM for code and for data each, 16 MB of PSRAM."""
    return Board(
        name=f"mps2/{name}{variant}",
        core_name=core,
        qemu="qemu-system-arm",
        machine=f"mps2-{name}",
        flash=Region(0x0000_0000, 4 * MIB),
        ram=Region(0x2000_0000, 4 * MIB),
        spare=Region(psram, 16 * MIB),
        uart="cmsdk",
        uart_base=0x4000_4000,
        clock_hz=25_000_000,
    )


_BOARDS: Final = (
    _mps2("an386", "cortex-m4"),
    _mps2("an385", "cortex-m3"),
    # Code for the Cortex-M0 on the Cortex-M3, which runs it as it stands: the microbit's memory is small.
    _mps2("an385", "cortex-m0", variant="@cortex-m0"),
    _mps2("an500", "cortex-m7", psram=0x6000_0000),
    # Application note 521, in the secure state that it resets into. The emulated CPU 0 is given the FPU and the DSP
    # instructions that the board's CPU 1 has: most Cortex-M33 on the market have both.
    Board(
        name="mps2/an521",
        core_name="cortex-m33",
        qemu="qemu-system-arm",
        machine="mps2-an521",
        flash=Region(0x1000_0000, 4 * MIB),
        ram=Region(0x3800_0000, 2 * MIB),
        spare=Region(0x8000_0000, 16 * MIB),
        uart="cmsdk",
        uart_base=0x5020_0000,
        clock_hz=20_000_000,
        options=("-global", "sse-200.CPU0_FPU=on", "-global", "sse-200.CPU0_DSP=on"),
    ),
    # Application note 547: code in ITCM, data in DTCM, as Zephyr's mps3/corstone300/an547 has them; vectors in DDR4.
    Board(
        name="mps3/corstone300/an547",
        core_name="cortex-m55",
        qemu="qemu-system-arm",
        machine="mps3-an547",
        flash=Region(0x1000_0000, 512 * KIB),
        ram=Region(0x3000_0000, 512 * KIB),
        spare=Region(0x7000_0000, 16 * MIB),
        uart="cmsdk",
        uart_base=0x5930_3000,
        clock_hz=32_000_000,
    ),
    # nRF51822 with 16 KiB of RAM.
    Board(
        name="bbc_microbit",
        core_name="cortex-m0",
        qemu="qemu-system-arm",
        machine="microbit",
        flash=Region(0x0000_0000, 256 * KIB),
        ram=Region(0x2000_0000, 16 * KIB),
        spare=None,
        uart="nrf51",
        uart_base=0x4000_2000,
        clock_hz=64_000_000,
        stack_bytes=2 * KIB,
    ),
    # All of this machine's memory is RAM; the first 16 MB stand for flash.
    Board(
        name="qemu_riscv32",
        core_name="rv32imac",
        qemu="qemu-system-riscv32",
        machine="virt",
        flash=Region(0x8000_0000, 16 * MIB),
        ram=Region(0x8100_0000, 16 * MIB),
        spare=Region(0x8200_0000, 16 * MIB),
        uart="ns16550",
        uart_base=0x1000_0000,
        clock_hz=10_000_000,
        options=("-bios", "none", "-m", "64M"),
    ),
)

BOARDS: Final = {board.name: board for board in _BOARDS}
