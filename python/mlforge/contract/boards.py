"""Boards that a contract may name, as data: Zephyr's board names with the clock that the board (or QEMU's model) has.

Sources of the clocks: Arm application notes AN385, AN386, AN500 (25 MHz), AN521 (20 MHz) and AN547 (32 MHz); Nordic's
nRF51 product specification (16 MHz, also the machine behind qemu_cortex_m0); Zephyr's SYS_CLOCK_HW_CYCLES_PER_SEC for
the LM3S6965 behind qemu_cortex_m3; the time base of QEMU's RISC-V `virt` machine. A contract for a product gives the
product's clock.

Whether a board can be used on this machine is for its target to say, not for this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CLOCK_HZ: Final[Mapping[str, int]] = {
    "mps2/an385": 25_000_000,
    "mps2/an385@cortex-m0": 25_000_000,  # code for a Cortex-M0 on that board: no emulated M0 board has the memory
    "mps2/an386": 25_000_000,
    "mps2/an500": 25_000_000,
    "mps2/an521": 20_000_000,
    "mps3/corstone300/an547": 32_000_000,
    "bbc_microbit": 16_000_000,
    "qemu_cortex_m0": 16_000_000,
    "qemu_cortex_m3": 12_000_000,
    "qemu_riscv32": 10_000_000,
}
# They run models, but say nothing of flash, RAM, stack and latency on a microcontroller.
UNMEASURED: Final = ("host", "native_sim", "native_sim/native/64", "native_posix", "unit_testing")

# Shorter or older spellings that people use.
ALIASES: Final[Mapping[str, str]] = {
    "mps2/an521/cpu0": "mps2/an521",
    "mps2_an385": "mps2/an385",
    "mps2_an386": "mps2/an386",
    "mps2_an500": "mps2/an500",
    "mps2_an521": "mps2/an521",
    "mps3/an547": "mps3/corstone300/an547",
    "mps3_an547": "mps3/corstone300/an547",
    "microbit": "bbc_microbit",
}


def canonical(board: str) -> str | None:
    """The board's name in `CLOCK_HZ`, or None for a board that is not in the table."""
    name = ALIASES.get(board, board)
    return name if name in CLOCK_HZ else None
