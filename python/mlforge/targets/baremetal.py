"""The `baremetal` targets: the measuring firmware without an operating system, on a machine that QEMU emulates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import TargetUnavailableError
from mlforge.records.program import Firmware, Program
from mlforge.records.timeline import Timeline
from mlforge.targets.boards import Board
from mlforge.targets.emulated import Emulated
from mlforge.targets.firmware_build import build_firmware
from mlforge.targets.target import Inference, Profile
from mlforge.toolchain.cross import missing_tools
from mlforge.toolchain.process import find

TIMEOUT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class BaremetalTarget:
    """`timeout_s` limits how long one inference may take before the firmware counts as hanging."""

    board: Board
    timeout_s: float = TIMEOUT_S

    @property
    def name(self) -> str:
        return self.board.name

    @property
    def description(self) -> str:
        return f"{self.core}, no RTOS, {self.board.qemu} -M {self.board.machine}"

    @property
    def core(self) -> str:
        return self.board.core_name

    @property
    def isa(self) -> str:
        return self.board.core.isa

    @property
    def programs(self) -> tuple[str, ...]:
        return (self.board.core.compiler, self.board.qemu)

    @property
    def counts_instructions(self) -> bool:
        return True

    @property
    def measures(self) -> bool:
        return self.counts_instructions

    def unavailable(self) -> str | None:
        tools = [*missing_tools(self.board.core), *([] if find(self.board.qemu) else [self.board.qemu])]
        return (
            f"{', '.join(tools)} not installed; `west mlforge doctor` names the command that installs it"
            if tools
            else None
        )

    def build(self, program: Program) -> Firmware:
        self._require()
        return build_firmware(self.board, program)

    def infer(self, firmware: Firmware, inputs: NDArray[np.int8]) -> Inference:
        return self._emulated(firmware).device.infer(inputs)

    def profile(self, firmware: Firmware, inputs: NDArray[np.int8], frames: NDArray[np.int32] | None = None) -> Profile:
        return self._emulated(firmware).profile(inputs, frames)

    def extract(self, firmware: Firmware, frames: NDArray[np.int32]) -> NDArray[np.int8]:
        return self._emulated(firmware).device.extract(frames)

    def trace(self, firmware: Firmware, inputs: NDArray[np.int8], frames: NDArray[np.int32] | None = None) -> Timeline:
        """See Emulated.trace."""
        return self._emulated(firmware).trace(inputs, frames)

    def _emulated(self, firmware: Firmware) -> Emulated:
        return Emulated(self.board, firmware, self.timeout_s)

    def _require(self) -> None:
        if reason := self.unavailable():
            raise TargetUnavailableError(f"{self.name}: {reason}")
