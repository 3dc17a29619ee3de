"""All targets by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mlforge.errors import TargetUnavailableError
from mlforge.targets.baremetal import BaremetalTarget
from mlforge.targets.boards import BOARDS
from mlforge.targets.host import HostTarget
from mlforge.targets.target import Target
from mlforge.targets.zephyr import PREFIX, ZephyrTarget
from mlforge.targets.zephyr_boards import ZEPHYR_BOARDS, zephyr_name
from mlforge.targets.zephyr_build import Application

DEFAULT: Final = "mps2/an386"
_ALIASES: Final[Mapping[str, str]] = {"baremetal": DEFAULT, "microbit": "bbc_microbit"}


def all_targets() -> tuple[Target, ...]:
    """Every target that needs no Zephyr workspace, usable on this machine or not."""
    return (HostTarget(), *(BaremetalTarget(board) for board in BOARDS.values()))


def target_named(name: str, app: Application | None = None) -> Target:
    """The target of that name: `host`, a board, or `zephyr:BOARD`, which measures in the Zephyr application `app`.

    Raises:
        TargetUnavailableError: there is none of that name. Whether it can be used here is for `unavailable()` to say.
    """
    if name.startswith(PREFIX):
        return _zephyr_target(name.removeprefix(PREFIX), app)
    targets = {target.name: target for target in all_targets()}
    wanted = _ALIASES.get(name, name)
    if wanted not in targets:
        known = ", ".join([*targets, f"{PREFIX}BOARD"])
        raise TargetUnavailableError(f"no such target: {name}", hint=f"known targets: {known}")
    return targets[wanted]


def _zephyr_target(board: str, app: Application | None) -> Target:
    wanted = zephyr_name(board)
    if wanted is None:
        raise TargetUnavailableError(
            f"no such target: {PREFIX}{board}",
            hint=f"known boards of Zephyr's: {', '.join(ZEPHYR_BOARDS)}",
        )
    return ZephyrTarget(ZEPHYR_BOARDS[wanted], app)
