"""Several boards of one kind as one target: whoever measures gets one that is free and works. As many threads and
processes as there are boards measure at a time.

A board that fails is put into quarantine, and the work goes to another one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import BoardFailedError, RunError, TargetUnavailableError
from mlforge.records.program import Firmware, Program
from mlforge.targets.board_lock import LEASE_S
from mlforge.targets.hardware import PREFIX, HardwareTarget
from mlforge.targets.quarantine import quarantined
from mlforge.targets.target import Inference, Timing

WAIT_S: Final = 1800.0  # for a board to be free
_POLL_S: Final = 0.2
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class FarmTarget:
    """`boards` are at least one, all of the same platform."""

    boards: tuple[HardwareTarget, ...]
    wait_s: float = WAIT_S

    @property
    def name(self) -> str:
        return f"{PREFIX}{self.boards[0].entry.platform}"

    @property
    def description(self) -> str:
        return f"{len(self.boards)} boards {self.boards[0].entry.platform}, whichever is free"

    @property
    def core(self) -> str:
        return self.boards[0].core

    @property
    def isa(self) -> str:
        return self.boards[0].isa

    @property
    def programs(self) -> tuple[str, ...]:
        return ()

    @property
    def counts_instructions(self) -> bool:
        return False

    @property
    def measures(self) -> bool:
        return True

    def unavailable(self) -> str | None:
        """None where one of them can be used."""
        reasons = [board.unavailable() or _kept_in(board) for board in self.boards]
        if None in reasons:
            return None
        return "; ".join(f"{board.entry.id}: {why}" for board, why in zip(self.boards, reasons, strict=True))

    def build(self, program: Program) -> Firmware:
        return self.boards[0].build(program)

    def infer(self, firmware: Firmware, inputs: NDArray[np.int8]) -> Inference:
        return self._on_one(lambda board: board.infer(firmware, inputs))

    def profile(self, firmware: Firmware, inputs: NDArray[np.int8], frames: NDArray[np.int32] | None = None) -> Timing:
        return self._on_one(lambda board: board.profile(firmware, inputs, frames))

    def extract(self, firmware: Firmware, frames: NDArray[np.int32]) -> NDArray[np.int8]:
        return self._on_one(lambda board: board.extract(firmware, frames))

    def _on_one(self, work: Callable[[HardwareTarget], _T]) -> _T:
        """On the first board that is free; on the next where one fails.

        Raises:
            RunError: the firmware failed; or all boards did, with their reasons.
            TargetUnavailableError: none was free in `wait_s`, or none can be used.
        """
        end = time.monotonic() + self.wait_s
        failed: dict[str, str] = {}
        while True:
            usable = [
                board
                for board in self.boards
                if board.entry.id not in failed and board.entry.connected and quarantined(board.entry.id) is None
            ]
            if not usable:
                raise self._none(failed)
            for board in usable:
                try:
                    with board.claimed(wait=False):
                        return work(board)
                except TargetUnavailableError:
                    continue  # somebody has it
                except BoardFailedError as error:
                    failed[board.entry.id] = error.message
            if time.monotonic() > end:
                raise TargetUnavailableError(f"{self.name}: no board was free for {self.wait_s:g} s")
            time.sleep(_POLL_S)

    def _none(self, failed: dict[str, str]) -> RunError | TargetUnavailableError:
        told = [f"{board.entry.id}: {failed.get(board.entry.id) or _kept_in(board)}" for board in self.boards]
        message = f"{self.name}: no board works: {'; '.join(told)}"
        hint = f"`west mlforge targets --release ID` lets one out; a claim ends after {LEASE_S:g} s without use"
        return RunError(message, hint=hint) if failed else TargetUnavailableError(message, hint=hint)


def _kept_in(board: HardwareTarget) -> str | None:
    if not board.entry.connected:
        return "not connected"
    found = quarantined(board.entry.id)
    return None if found is None else str(found)
