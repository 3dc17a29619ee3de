"""The measuring firmware for a real board: built inside a Zephyr application, as it is for an emulated one."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlforge.errors import BuildError, ToolError
from mlforge.records.program import Firmware, Program
from mlforge.targets.zephyr_build import Application, build_directory, measuring_build, read_kconfig
from mlforge.toolchain import zephyr

_CORTEX: Final = re.compile(r"CONFIG_CPU_(CORTEX_[AMR]\d+\w*)")
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class ZephyrBuilder:
    """`app` is the application that models are measured in; None for MLForge's own empty one."""

    board: str
    app: Application | None = None

    @property
    def core(self) -> str:
        symbols = " ".join(self._kconfig())
        found = sorted(set(_CORTEX.findall(symbols)), key=len)
        if found:
            return str(found[-1]).lower().replace("_", "-")
        return "riscv" if "CONFIG_RISCV" in symbols.split() else "unknown"

    @property
    def isa(self) -> str:
        return str(self._kconfig()["CONFIG_MLFORGE_ISA"])

    def unavailable(self) -> str | None:
        try:
            zephyr.workspace(self._place)
        except ToolError as error:
            return f"{error.message}: {error.hint}"
        if zephyr.toolchain_settings(self.board) is None:
            return "no toolchain for it: set ZEPHYR_TOOLCHAIN_VARIANT, or install the Zephyr SDK (`west sdk install`)"
        return None

    def build(self, program: Program) -> Firmware:
        app = self.app if self.app is not None and self.app.takes(program) else None
        completed = app.completed(program) if app else program
        built = measuring_build(self.board, app.directory if app else None, completed)
        return Firmware(f"board:{self.board}", self.core, built.elf, None, completed, {"build": built.seconds})

    def directory(self, firmware: Firmware) -> Path:
        """The build directory, after building the image again where another one has taken its place."""
        app = self.app if self.app is not None and self.app.takes(firmware.program) else None
        for _ in range(_TRIES):  # another thread may build in between
            built = measuring_build(self.board, app.directory if app else None, firmware.program)
            image = built.directory / "zephyr" / "zephyr.elf"
            if image.read_bytes() == firmware.elf.read_bytes():
                return built.directory
            time.sleep(0.1)
        raise BuildError(f"{built.directory} does not hold the image that was measured any more: was it built by hand?")

    def environment(self) -> Mapping[str, str]:
        return zephyr.workspace(self._place).environment()

    @property
    def _place(self) -> Path | None:
        return self.app.directory if self.app else None

    def _kconfig(self) -> dict[str, str]:
        """Of the build, configured where that has not been done."""
        directory = build_directory(self.board, self._place)
        try:
            return read_kconfig(directory)
        except BuildError:
            return dict(measuring_build(self.board, self._place, None).kconfig)
