"""The `zephyr:BOARD` targets: the measuring firmware inside a Zephyr application, in QEMU or as a native program."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import TargetUnavailableError, ToolError
from mlforge.records.program import Firmware, Program
from mlforge.targets import native
from mlforge.targets.device import Device
from mlforge.targets.emulated import Emulated
from mlforge.targets.resized import with_arena
from mlforge.targets.target import Inference, Profile
from mlforge.targets.zephyr_boards import ZEPHYR_BOARDS, ZephyrBoard
from mlforge.targets.zephyr_build import Application, build_directory, measuring_build
from mlforge.toolchain import zephyr
from mlforge.toolchain.process import find

PREFIX: Final = "zephyr:"
TIMEOUT_S: Final = 30.0
_ISAS: dict[Path, str] = {}  # by build directory, as its last configuration said


@dataclass(frozen=True, slots=True)
class ZephyrTarget:
    """`app` is the application that models are measured in, None for MLForge's own empty one, which also serves where
    the application takes no such program. `timeout_s` limits how long one inference may take before the firmware counts
    as hanging."""

    board: ZephyrBoard
    app: Application | None = None
    timeout_s: float = TIMEOUT_S

    @property
    def name(self) -> str:
        return f"{PREFIX}{self.board.name}"

    @property
    def description(self) -> str:
        how = "a program of this machine" if self.board.is_native else f"{self.board.qemu} -M {self.board.machine}"
        return f"Zephyr, {how}"

    @property
    def core(self) -> str:
        return self.board.core

    @property
    def isa(self) -> str:
        """What the build's Kconfig says (CONFIG_MLFORGE_ISA). Configures the build where that is due.

        Raises:
            BuildError, ToolError: see measuring_build.
        """
        directory = build_directory(self.board.name, self._place)
        if directory not in _ISAS:
            _ISAS[directory] = measuring_build(self.board.name, self._place, None).kconfig["CONFIG_MLFORGE_ISA"]
        return _ISAS[directory]

    @property
    def programs(self) -> tuple[str, ...]:
        """The emulator alone: the compiler is Zephyr's business, and in the build directory's name."""
        return () if self.board.is_native else (self.board.qemu,)

    @property
    def counts_instructions(self) -> bool:
        return not self.board.is_native

    @property
    def measures(self) -> bool:
        return self.counts_instructions

    def unavailable(self) -> str | None:
        try:
            workspace = zephyr.workspace(self._place)
        except ToolError as error:
            return f"{error.message}: {error.hint}"
        if self.board.module and not (workspace.base.parent / self.board.module).is_dir():
            return f"the workspace lacks the module {self.board.project}: `west update {self.board.project}`"
        if zephyr.toolchain_settings(self.board.name) is None:
            return "no toolchain for it: set ZEPHYR_TOOLCHAIN_VARIANT, or install the Zephyr SDK (`west sdk install`)"
        if self.board.qemu and find(self.board.qemu) is None:
            return f"{self.board.qemu} not installed; `west mlforge doctor` names the command that installs it"
        return None

    def build(self, program: Program) -> Firmware:
        if reason := self.unavailable():
            raise TargetUnavailableError(f"{self.name}: {reason}")
        app = self.app if self.app is not None and self.app.takes(program) else None
        completed = app.completed(program) if app else program
        built = measuring_build(self.board.name, app.directory if app else None, completed)
        _ISAS[built.directory] = built.kconfig["CONFIG_MLFORGE_ISA"]
        return Firmware(self.name, self.core, built.elf, None, program, {"build": built.seconds})

    def infer(self, firmware: Firmware, inputs: NDArray[np.int8]) -> Inference:
        return self._device(firmware).infer(inputs)

    def profile(self, firmware: Firmware, inputs: NDArray[np.int8], frames: NDArray[np.int32] | None = None) -> Profile:
        if self.board.is_native:
            raise TargetUnavailableError(
                "native_sim counts no instructions: its time stands still while code computes",
                hint="profile on an emulated board, such as zephyr:qemu_cortex_m3",
            )
        return self._emulated(firmware).profile(inputs, frames)

    def extract(self, firmware: Firmware, frames: NDArray[np.int32]) -> NDArray[np.int8]:
        return self._device(firmware).extract(frames)

    def arena_used_bytes(self, firmware: Firmware) -> int:
        """So many bytes of its arena TensorFlow Lite Micro uses once it is set up.

        Raises:
            RunError: it could not be set up, or the program is another engine's.
        """
        return self._device(firmware).arena_used_bytes()

    def with_arena(self, firmware: Firmware, arena_bytes: int, place: Path) -> Firmware:
        """The same image with a smaller arena; see targets/resized.py."""
        return with_arena(firmware, arena_bytes, place)

    @property
    def architecture(self) -> str:
        """Zephyr's CONFIG_ARCH."""
        return "arm" if self.core.startswith("cortex") else "posix" if self.board.is_native else "riscv"

    @property
    def _place(self) -> Path | None:
        return self.app.directory if self.app else None

    def _device(self, firmware: Firmware) -> Device:
        if self.board.is_native:
            session = functools.partial(native.session, firmware.elf, timeout_s=self.timeout_s)
            return Device(firmware, session, native.BUFFER_BYTES)
        return self._emulated(firmware).device

    def _emulated(self, firmware: Firmware) -> Emulated:
        return Emulated(self.board, firmware, self.timeout_s)


def zephyr_targets() -> tuple[ZephyrTarget, ...]:
    """Those that this machine's workspace can be asked for; none without a workspace. Starts no build."""
    try:
        zephyr.workspace()
    except ToolError:
        return ()
    return tuple(ZephyrTarget(board) for board in ZEPHYR_BOARDS.values())
