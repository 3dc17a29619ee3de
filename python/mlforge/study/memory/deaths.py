"""Why a process died in the middle of an evaluation: by the evaluation, or by something from outside?

Memory that runs out and fatal signals leave traces, in the kernel's count of kills and in the process's last words. A
kill from outside, a power cut and a CI job that is cancelled leave none, and say nothing of the candidate.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Final

_PREFIX: Final = "last-words-"


@dataclass(frozen=True, slots=True)
class Witness:
    """What was known when an evaluation began. `words` names the file of a process's last words; empty where there is
    none."""

    boot: str
    out_of_memory: int  # kills since the machine's start; -1 where nobody counts
    words: str

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class LastWords:
    """Where this process leaves word of a fatal signal: a file in `directory` (nowhere without one)."""

    directory: Path | None
    name: str = field(default_factory=lambda: f"{_PREFIX}{os.getpid()}-{secrets.token_hex(4)}")
    _file: IO[bytes] | None = None

    def open(self) -> None:
        """Does nothing where somebody else listens already, or where nothing can be written."""
        if self.directory is None or self._file is not None or faulthandler.is_enabled():
            return
        with contextlib.suppress(OSError):
            _clear(self.directory)
            self._file = (self.directory / self.name).open("wb")
            faulthandler.enable(self._file)

    def close(self) -> None:
        """After an end in peace."""
        if self._file is None or self.directory is None:
            return
        faulthandler.disable()
        self._file.close()
        self._file = None
        with contextlib.suppress(OSError):
            (self.directory / self.name).unlink(missing_ok=True)

    def witness(self) -> Witness:
        return Witness(_boot(), _out_of_memory(), self.name if self._file is not None else "")


def died_of_itself(found: Mapping[str, Any] | None, directory: Path | None) -> bool:
    """Whether an evaluation that began with that Witness ended its process, as far as there are traces. Where nobody
    can tell (another machine, an older study), it counts as if it had."""
    if found is None or directory is None or found.get("out_of_memory", -1) < 0:
        return True
    if found.get("boot") != _boot():
        return False  # the machine itself went down
    return _out_of_memory() > found["out_of_memory"] or _spoke(directory, str(found.get("words", "")))


def _clear(directory: Path) -> None:
    """Removes what processes left that died without a word."""
    for path in directory.glob(f"{_PREFIX}*"):
        pid = path.name.removeprefix(_PREFIX).partition("-")[0]
        if not path.stat().st_size and not Path(f"/proc/{pid}").exists():
            path.unlink(missing_ok=True)


def _spoke(directory: Path, name: str) -> bool:
    """Whether there are last words."""
    if not name.startswith(_PREFIX) or "/" in name:
        return False
    try:
        return (directory / name).stat().st_size > 0
    except OSError:
        return False


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _out_of_memory() -> int:
    """How many processes the kernel has killed for want of memory since it started, in containers, too."""
    try:
        lines = Path("/proc/vmstat").read_text(encoding="ascii").splitlines()
    except OSError:
        return -1
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), -1)
