"""What only POSIX systems have: told in one line where it is needed and absent, as on Windows."""

from __future__ import annotations

import os
from importlib import util
from typing import Final

from mlforge.errors import ToolError

MODULES: Final = frozenset({"fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"})
ANYWHERE: Final = "check, compile, footprint, report, bundle, and run --target host work on any system"


def refuse_without_posix(what: str) -> None:
    """Raises ToolError on a system that cannot fork processes, or lock files for several of them."""
    if not hasattr(os, "fork") or util.find_spec("fcntl") is None:
        raise no_posix(what)


def no_posix(what: str) -> ToolError:
    return ToolError(f"{what} needs Linux or macOS", hint=f"on Windows, use WSL; {ANYWHERE}")
