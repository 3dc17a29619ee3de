"""Starting tools: with a time limit, without a shell, and never outliving MLForge itself."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlforge.errors import ToolError


@dataclass(frozen=True, slots=True)
class Finished:
    """What a tool left behind. `output` is stdout and stderr, interleaved."""

    status: int
    output: str
    seconds: float


def find(tool: str) -> Path | None:
    """The tool's path, or None where it is not installed."""
    path = shutil.which(tool)
    return Path(path) if path else None


def command_line(command: Sequence[str | Path]) -> list[str]:
    """The command such that the kernel ends it when MLForge dies, even by SIGKILL (where util-linux offers that)."""
    guard = shutil.which("setpriv")
    words = [str(word) for word in command]
    return [guard, "--pdeathsig", "KILL", "--", *words] if guard else words


def run(
    command: Sequence[str | Path],
    *,
    timeout_s: float,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Finished:
    """Runs a tool to its end.

    Raises:
        ToolError: it is not installed, or ran longer than `timeout_s` (it is then killed). A non-zero status is the
            caller's to judge.
    """
    start = time.monotonic()
    if find(str(command[0])) is None:
        raise ToolError(
            f"{command[0]} is not installed", hint="`west mlforge doctor` names the command that installs it"
        )
    process = subprocess.Popen(
        command_line(command),
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C is MLForge's to handle; and a compiler's own children end with it
    )
    try:
        output, _ = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired as error:
        log = (error.stdout or b"").decode(errors="replace")
        raise ToolError(f"{command[0]} was still running after {timeout_s:g} s and was stopped", log=log) from error
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                _end(process)
            process.communicate()
    return Finished(process.returncode, output.decode(errors="replace"), time.monotonic() - start)


def _end(process: subprocess.Popen[bytes]) -> None:
    """With its children, where the system knows groups of processes."""
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
