"""Putting an image onto a board: `west flash`, which knows the board's runner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlforge.errors import RunError, ToolError
from mlforge.toolchain.process import find, run

WEST: Final = "west"
_PRE_INIT: Final = {"STM32 STLink": "hla_serial", "STLINK-V3": "hla_serial", "EDBG CMSIS-DAP": "cmsis_dap_serial"}


def west_missing() -> str | None:
    """Why nothing can be flashed here; None where it can."""
    return None if find(WEST) else "west not installed: pip install west"


@dataclass(frozen=True, slots=True)
class Flasher:
    """How one board is flashed. `product` is what its debug probe calls itself, `parameters` are further options."""

    runner: str
    probe: str
    product: str = ""
    parameters: tuple[str, ...] = ()

    def options(self) -> list[str]:
        """The options of `west flash`, as twister gives them (twisterlib/handlers.py, `_create_command`)."""
        words, pre_init = ["--runner", self.runner], _PRE_INIT.get(self.product, "adapter serial")
        match self.runner:
            case "openocd":
                words += ["--cmd-pre-init", f"{pre_init} {self.probe}"]
            case "stm32cubeprogrammer":
                words += [f"--tool-opt=sn={self.probe}"] if self.product != "BOOT-SERIAL" else []
            case "esp32":
                words += ["--esp-device", self.probe]
            case "linkserver":
                words += [f"--probe={self.probe}"]
            case _:
                words += ["--dev-id", self.probe]
        return [*words, *self.parameters]


def flash(build: Path, flasher: Flasher, *, timeout_s: float, environment: Mapping[str, str] | None = None) -> None:
    """Flashes what lies in a Zephyr build directory.

    Raises:
        RunError: the runner failed, or took too long; `log` has its words.
    """
    # What is there was built with other settings than west would give it.
    command = [WEST, "flash", "--skip-rebuild", "-d", str(build), *flasher.options()]
    try:
        done = run(command, timeout_s=timeout_s, environment=environment)
    except ToolError as error:
        reason = f"{flasher.probe} could not be flashed: {error.message}"
        raise RunError(reason, log=error.log, hint=error.hint) from error
    if done.status != 0:
        said = [line.strip() for line in done.output.splitlines() if line.strip()]
        telling = [line for line in said if "error" in line.lower() or "fatal" in line.lower()] or said[-1:]
        reason = f": {telling[0]}" if telling else ""
        raise RunError(f"{flasher.probe} could not be flashed ({flasher.runner}){reason}", log=done.output)
