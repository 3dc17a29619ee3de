"""All targets by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mlforge.contract.products import zephyr_boards
from mlforge.errors import TargetUnavailableError
from mlforge.targets import farm, hardware
from mlforge.targets.baremetal import BaremetalTarget
from mlforge.targets.boards import BOARDS
from mlforge.targets.hardware_map import FILES, VARIABLE, BoardEntry, board_entry, hardware_map, read_map
from mlforge.targets.host import HostTarget
from mlforge.targets.target import Target
from mlforge.targets.zephyr import PREFIX, ZephyrTarget
from mlforge.targets.zephyr_boards import ZEPHYR_BOARDS, zephyr_name
from mlforge.targets.zephyr_build import Application
from mlforge.targets.zephyr_hardware import ZephyrBuilder

DEFAULT: Final = "mps2/an386"
# What has the same core, for a board that runs Zephyr but is too small for the measuring firmware and its vectors.
_ALIASES: Final[Mapping[str, str]] = {
    "baremetal": DEFAULT,
    "microbit": "bbc_microbit",
    "qemu_cortex_m0": "bbc_microbit",
    "qemu_cortex_m3": "mps2/an385",
}


def all_targets() -> tuple[Target, ...]:
    """Every target that needs no Zephyr workspace, usable on this machine or not."""
    return (HostTarget(), *(BaremetalTarget(board) for board in BOARDS.values()))


def target_named(name: str, app: Application | None = None) -> Target:
    """The target of that name: `host`, a board, `zephyr:BOARD` or `board:NAME`, which measure in the Zephyr application
    `app`. NAME is the id or the platform of a board of the hardware map. For a board of Zephyr's that is not emulated
    it is the one that measures in its place, as in a contract.

    Raises:
        ContractError: the hardware map is wrong.
        TargetUnavailableError: there is none of that name. Whether it can be used here is for `unavailable()` to say.
    """
    if name.startswith(hardware.PREFIX):
        return _board(name.removeprefix(hardware.PREFIX), app)
    if name.startswith(PREFIX):
        return _zephyr_target(name.removeprefix(PREFIX), app)
    targets = {target.name: target for target in all_targets()}
    wanted = _ALIASES.get(name, name)
    if wanted not in targets and len(found := zephyr_boards(name)) == 1:
        wanted = found[0].measured_on
    if wanted not in targets:
        known = ", ".join([*targets, f"{PREFIX}BOARD", f"{hardware.PREFIX}NAME"])
        raise TargetUnavailableError(f"no such target: {name}", hint=f"known targets: {known}")
    return targets[wanted]


def mapped_targets() -> tuple[Target, ...]:
    """The boards of the hardware map, where there is one. Raises as target_named does."""
    path = hardware_map()
    return tuple(_hardware_target(entry, None) for entry in read_map(path)) if path else ()


def _board(name: str, app: Application | None) -> Target:
    path = hardware_map()
    if path is None:
        raise TargetUnavailableError(
            f"no hardware map to find the board {name} in",
            hint=f"--hardware-map FILE, {VARIABLE}, or {FILES[0]} here; `twister --generate-hardware-map` writes one",
        )
    entries = read_map(path)
    same = tuple(entry for entry in entries if entry.platform == name and entry.connected)
    if len(same) > 1:
        return farm.FarmTarget(tuple(_one(entry, app) for entry in same))
    return _hardware_target(board_entry(name, entries), app)


def _hardware_target(entry: BoardEntry, app: Application | None) -> Target:
    return _one(entry, app)


def _one(entry: BoardEntry, app: Application | None) -> hardware.HardwareTarget:
    return hardware.HardwareTarget(entry, ZephyrBuilder(entry.platform, app))


def _zephyr_target(board: str, app: Application | None) -> Target:
    wanted = zephyr_name(board)
    if wanted is None:
        raise TargetUnavailableError(
            f"no such target: {PREFIX}{board}",
            hint=f"known boards of Zephyr's: {', '.join(ZEPHYR_BOARDS)}",
        )
    return ZephyrTarget(ZEPHYR_BOARDS[wanted], app)
