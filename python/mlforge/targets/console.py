"""What an image says on its console in QEMU, up to a line. QEMU never outlives the call."""

from __future__ import annotations

import os
import selectors
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mlforge.errors import RunError, ToolError
from mlforge.targets.qemu import Machine
from mlforge.toolchain.process import command_line, find

_FAULT: Final = "ZEPHYR FATAL ERROR"
_MOST_BYTES: Final = 4 << 20


def console_until(machine: Machine, elf: Path, last: str, options: Sequence[str], timeout_s: float) -> str:
    """The text up to the line that holds `last`.

    Raises:
        RunError: it crashed, ended, said nothing like that in `timeout_s` of the wall clock, or far too much.
        ToolError: QEMU is not installed.
    """
    if find(machine.qemu) is None:
        raise ToolError(f"{machine.qemu} is not installed", hint="`west mlforge doctor` helps")
    command: list[str | Path] = [machine.qemu, "-M", machine.machine, *machine.options, "-nodefaults"]
    command += ["-no-user-config", "-display", "none", "-monitor", "none", "-serial", "stdio", "-kernel", elf]
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command_line([*command, *options]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,  # Ctrl-C is MLForge's to handle
        )
        try:
            return _heard(process, last, timeout_s)
        except RunError as error:
            errors.seek(0)
            error.log = "\n".join(filter(None, (error.log, errors.read().decode(errors="replace"))))
            raise
        finally:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _heard(process: subprocess.Popen[bytes], last: str, timeout_s: float) -> str:
    text, end = "", time.monotonic() + timeout_s
    if process.stdout is None:
        raise RunError("QEMU has no console")
    os.set_blocking(process.stdout.fileno(), False)
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while f"{last}\n" not in text.replace("\r", ""):
            if not selector.select(max(0.0, end - time.monotonic())):
                raise RunError(f"the application did not say `{last}` within {timeout_s:g} s", log=text[-2000:])
            data = process.stdout.read()
            if not data:
                raise RunError(f"the application ended before it said `{last}`", log=text[-2000:])
            text += data.decode(errors="replace")
            if _FAULT in text:
                raise RunError("the application crashed", log=text[-2000:])
            if len(text) > _MOST_BYTES:
                raise RunError(f"the application says too much, but not `{last}`", log=text[-2000:])
    return text
