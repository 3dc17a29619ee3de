"""The application's own image, as `west build` makes it, for an emulated board; and who locks interrupts in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from mlforge.app.interference import note_interference, noted_interference
from mlforge.app.paths import memory_directory
from mlforge.app.zephyr_app import is_zephyr_app
from mlforge.contract.contract import Contract
from mlforge.contract.units import format_time
from mlforge.errors import BuildError, ContractError, Problem, RunError, ToolError
from mlforge.records.scheduling import Blocking
from mlforge.targets.blocking import blocking
from mlforge.targets.zephyr_boards import ZEPHYR_BOARDS, ZephyrBoard, board_of_build, zephyr_name
from mlforge.toolchain.zephyr import ZephyrBuild, workspace

SECONDS: Final = 0.2  # of computing; sleep takes none


def emulated_board(contract: Contract, key: str) -> ZephyrBoard:
    """The board that the app is built for to be run in QEMU: the product where it is emulated, else the one that
    measures for it.

    Raises:
        ContractError: `key` asks for what there is no app, or no emulated Cortex-M, to be measured in.
    """
    names = (contract.target.product, contract.target.board)
    boards = [ZEPHYR_BOARDS[name] for each in names if each and (name := zephyr_name(each)) is not None]
    if not is_zephyr_app(contract.app_dir):
        raise _unheld(
            contract, key, f"{contract.app_dir} is not a Zephyr application", "one, in whose image it is held"
        )
    if not boards or not boards[0].is_cortex_m:
        raise _unheld(contract, key, f"{' and '.join(filter(None, names))}", "a Cortex-M that QEMU emulates")
    return boards[0]


def built(contract: Contract, board: ZephyrBoard) -> Path:
    """The app's image for the board, in a directory of its own, unchanged. Raises BuildError, ToolError."""
    place = memory_directory(contract.app_dir) / "zephyr" / f"own-{board.name.replace('/', '-')}"
    # The contract's limits are for whoever asked for the image to hold.
    build = ZephyrBuild(contract.app_dir.resolve(), place, board.name, {"CONFIG_MLFORGE_ENFORCE_LIMITS": "n"})
    workspace(contract.app_dir).build(build)
    return build.elf


def own_blocking(contract: Contract, say: Callable[[str], None]) -> Blocking:
    """Who locks interrupts in the app's own image, as it runs in QEMU; a note of it stays for the report.

    Raises:
        ContractError: see `emulated_board`.
        BuildError, RunError, ToolError: it cannot be built or run.
    """
    board = emulated_board(contract, "limits.blocking")
    say(f"locked interrupts in the application's own image on {board.name}")
    found = blocking(built(contract, board), board, contract.target.clock_hz, SECONDS)
    note_interference(contract, replace(noted_interference(contract), blocking=found))
    return found


@dataclass(frozen=True, slots=True)
class HeldBlocking:
    """`limits.blocking` held against an image; `found` is None where the image could not be run, for that reason."""

    limit_us: float
    found: Blocking | None
    reason: str = ""

    @property
    def met(self) -> bool:
        """What could not be run breaks nothing."""
        return self.found is None or self.found.worst is None or self.found.worst.longest_us <= self.limit_us

    def __str__(self) -> str:
        limit = format_time(self.limit_us)
        if self.found is None:
            return f"{limit}; not held here: {self.reason}"
        if self.found.worst is None:
            return f"{limit}; nothing locks interrupts"
        who, longest_us = self.found.worst.function, self.found.worst.longest_us
        left = abs(self.limit_us - longest_us)
        verdict = f"{format_time(left)} {'to spare' if self.met else 'too long'}"
        return f"{limit}; {who} locks interrupts for {format_time(longest_us)}: {verdict}"


def held_blocking(contract: Contract, elf: Path, board_target: str) -> HeldBlocking | None:
    """None without such a limit.

    Args:
        board_target: Zephyr's CONFIG_BOARD_TARGET of the image.

    Raises:
        BuildError, RunError: it is no image, or ends early.
    """
    limit_us = contract.limits.blocking_us
    if limit_us is None:
        return None
    board = board_of_build(board_target)
    if board is None or not board.is_cortex_m:
        return HeldBlocking(limit_us, None, f"{board_target} is no Cortex-M that QEMU emulates")
    try:
        return HeldBlocking(limit_us, blocking(elf, board, contract.target.clock_hz, SECONDS))
    except ToolError as error:
        if isinstance(error, BuildError | RunError):
            raise
        return HeldBlocking(limit_us, None, error.message)


def _unheld(contract: Contract, key: str, found: str, expected: str) -> ContractError:
    return ContractError([Problem(contract.path, contract.lines.get(key, 0), key, found, expected)])
