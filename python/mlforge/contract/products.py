"""The boards that Zephyr knows, and the emulated board that measures for each: the one with its core.

`boards.csv` is made of Zephyr's own metadata (scripts/board_table.py). Where Zephyr does not say how fast a board's
processor is, or how much memory it has, nor does this.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

# The cores that are emulated, and the board that stands for each.
BY_CORE: Final[Mapping[str, str]] = {
    "cortex-m0": "mps2/an385@cortex-m0",
    "cortex-m3": "mps2/an385",
    "cortex-m4": "mps2/an386",
    "cortex-m7": "mps2/an500",
    "cortex-m33": "mps2/an521",
    "cortex-m55": "mps3/corstone300/an547",
    "rv32imac": "qemu_riscv32",
}
_KIB: Final = 1024
_RUNS_ON: Final = (  # which of them runs the code of another; costs of the last two kinds are an approximation
    (r"cortex-m0\+?|cortex-m1|cortex-m23", "cortex-m0"),
    (r"cortex-(m3|m4|m7|m33|m55)f?", r"cortex-\1"),
    (r"cortex-m85", "cortex-m55"),
    (r"rv32[ig].*", "rv32imac"),
)


# How many cycles cores take, as a share of the emulated core's: CoreMark's results per MHz, as their makers state them
# (Arm's processor comparison: M0 2.33, M0+ 2.46, M1 1.85, M23 2.64, M55 4.40, M85 6.28).
_SHARES: Final[Mapping[str, float]] = {
    "cortex-m0+": 2.33 / 2.46,
    "cortex-m1": 2.33 / 1.85,
    "cortex-m23": 2.33 / 2.64,
    "cortex-m85": 4.40 / 6.28,
}


@dataclass(frozen=True, slots=True)
class ZephyrBoard:
    """What Zephyr's metadata say; None where they do not. `core` as devicetree has it: cortex-m4f has an FPU."""

    name: str
    core: str
    clock_hz: int | None = None
    flash_bytes: int | None = None
    ram_bytes: int | None = None

    @property
    def emulated_core(self) -> str:
        """The core that its costs are measured on; empty where none is like it."""
        for pattern, core in _RUNS_ON:
            if match := re.fullmatch(pattern, self.core):
                return match.expand(core)
        return ""

    @property
    def cycles_share(self) -> float | None:
        """Of the cycles that its costs are measured as, by benchmarks; None where cores are alike, or it is unknown."""
        return _SHARES.get(self.core)

    @property
    def measured_on(self) -> str:
        """The emulated board; empty where there is none."""
        return BY_CORE.get(self.emulated_core, "")


def zephyr_boards(name: str) -> tuple[ZephyrBoard, ...]:
    """The board of that name, as `west build -b` takes it: in full, or without the SoC where there is one only. Several
    where the name leaves a choice, as Zephyr says then, too; none where it is unknown."""
    known = _table()
    if name in known:
        return (known[name],)
    of_revision = [board for full, board in known.items() if "@" in name and full.startswith(f"{name}/")]
    if of_revision:
        return _meant(of_revision)
    unrevised = _without_revision(name)
    if unrevised != name:
        return zephyr_boards(unrevised)
    found = {full: board for full, board in known.items() if _without_revision(full).startswith(f"{name}/")}
    plain = [board for full, board in found.items() if "@" not in full]  # Zephyr takes one revision by default
    return _meant(plain or list(found.values()))


def all_names() -> tuple[str, ...]:
    """Of each board in full."""
    return tuple(_table())


def measured_names() -> tuple[str, ...]:
    """All spellings, but for revisions, of the boards that an emulated one measures for."""
    names = {name for name, board in _table().items() if board.measured_on}
    for name in {_without_revision(full).partition("/")[0] for full in _table()}:
        meant = zephyr_boards(name)
        names |= {name} if len(meant) == 1 and meant[0].measured_on else set()
    return tuple(sorted(names))


def _meant(boards: list[ZephyrBoard]) -> tuple[ZephyrBoard, ...]:
    """The one that the others are variants of; all where there is none."""
    shortest = min(boards, key=lambda board: (board.name.count("/"), len(board.name)), default=None)
    if shortest and all(board.name.startswith(shortest.name) for board in boards):
        return (shortest,)
    return tuple(boards)


@cache
def _without_revision(name: str) -> str:
    return re.sub(r"@[^/]*", "", name)


@cache
def _table() -> Mapping[str, ZephyrBoard]:
    with Path(__file__).with_name("boards.csv").open(encoding="utf-8", newline="") as file:
        return {row["board"]: _board(row) for row in csv.DictReader(file)}


def _board(row: Mapping[str, str]) -> ZephyrBoard:
    clock, flash, ram = (int(row[key]) if row[key] else None for key in ("clock_hz", "flash_kib", "ram_kib"))
    return ZephyrBoard(row["board"], row["core"], clock, flash and flash * _KIB, ram and ram * _KIB)


def advice() -> str:
    """What to write in a contract for a board that neither is emulated nor stands in Zephyr's tree."""
    cores = ", ".join(f"{board} ({core})" for core, board in BY_CORE.items())
    return f"a board of Zephyr's; or the emulated board with the product's core, {cores}, and `product:` beside it"
