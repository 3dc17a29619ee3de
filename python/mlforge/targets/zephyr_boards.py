"""Boards of Zephyr's that QEMU emulates, as data. The names and machines are those of Zephyr's board definitions; for
mps2/an386 and mps2/an500 Zephyr itself knows no emulator but Arm's FVP.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ZephyrBoard:
    """`machine` is empty for native_sim, a program of the host's. `module` is the directory in a west workspace of the
    module that Zephyr's build of the board needs, beside what every build needs; `project` its name in the manifest."""

    name: str
    core: str
    qemu: str
    machine: str
    options: tuple[str, ...] = ()
    module: str = "modules/hal/cmsis"
    project: str = "cmsis"

    @property
    def is_cortex_m(self) -> bool:
        return self.core.startswith("cortex-m")

    @property
    def is_native(self) -> bool:
        return not self.machine


def _arm(name: str, core: str, machine: str, **others: str) -> ZephyrBoard:
    return ZephyrBoard(name, core, "qemu-system-arm", machine, **others)  # type: ignore[arg-type]


_BOARDS: Final = (
    _arm("qemu_cortex_m0", "cortex-m0", "microbit", module="modules/hal/nordic", project="hal_nordic"),
    _arm("qemu_cortex_m3", "cortex-m3", "lm3s6965evb"),
    _arm("mps2/an385", "cortex-m3", "mps2-an385"),
    _arm("mps2/an386", "cortex-m4", "mps2-an386"),
    _arm("mps2/an500", "cortex-m7", "mps2-an500"),
    _arm("mps2/an521/cpu0", "cortex-m33", "mps2-an521"),
    _arm("mps3/corstone300/an547", "cortex-m55", "mps3-an547"),
    ZephyrBoard("qemu_riscv32", "rv32imac", "qemu-system-riscv32", "virt", ("-bios", "none", "-m", "256"), "", ""),
    ZephyrBoard("native_sim", "host", "", "", (), "", ""),
)

ZEPHYR_BOARDS: Final = {board.name: board for board in _BOARDS}

# What the boards of boards.py and of contracts are called in Zephyr, where it is something else.
_ZEPHYR_NAMES: Final[Mapping[str, str]] = {
    "mps2/an521": "mps2/an521/cpu0",
    "bbc_microbit": "qemu_cortex_m0",
    "mps3/an547": "mps3/corstone300/an547",
}


def board_of_build(target: str) -> ZephyrBoard | None:
    """The emulated board of a build's CONFIG_BOARD_TARGET, which names the SoC, too: qemu_cortex_m3/ti_lm3s6965."""
    return ZEPHYR_BOARDS.get(target) or ZEPHYR_BOARDS.get(target.partition("/")[0])


def zephyr_name(board: str) -> str | None:
    """The emulated Zephyr board that a contract's board is; None where there is none."""
    name = _ZEPHYR_NAMES.get(board, board)
    return name if name in ZEPHYR_BOARDS else None
