"""All targets by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mlforge.errors import TargetUnavailableError
from mlforge.targets.baremetal import BaremetalTarget
from mlforge.targets.boards import BOARDS
from mlforge.targets.host import HostTarget
from mlforge.targets.target import Target

DEFAULT: Final = "mps2/an386"
_ALIASES: Final[Mapping[str, str]] = {"baremetal": DEFAULT, "microbit": "bbc_microbit"}


def all_targets() -> tuple[Target, ...]:
    """Every target that there is, usable on this machine or not."""
    return (HostTarget(), *(BaremetalTarget(board) for board in BOARDS.values()))


def target_named(name: str) -> Target:
    """The target of that name (`host`, or a board).

    Raises:
        TargetUnavailableError: there is none of that name. Whether it can be used here is for `unavailable()` to say.
    """
    targets = {target.name: target for target in all_targets()}
    wanted = _ALIASES.get(name, name)
    if wanted not in targets:
        raise TargetUnavailableError(f"no such target: {name}", hint=f"known targets: {', '.join(targets)}")
    return targets[wanted]
