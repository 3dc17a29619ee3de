"""Where the C sources that MLForge builds are (runtime, ports, firmware), and where it may keep what it builds."""

from __future__ import annotations

import os
from pathlib import Path

from mlforge.errors import ToolError


def root() -> Path:
    """The MLForge checkout. Raises ToolError where the package was installed without its sources."""
    path = Path(os.environ.get("MLFORGE_ROOT") or Path(__file__).resolve().parents[3])
    if not (path / "runtime" / "include" / "mlforge").is_dir():
        raise ToolError(
            f"no MLForge sources in {path}", hint="install MLForge from its checkout, or set MLFORGE_ROOT to it"
        )
    return path


def runtime_sources(*parts: str) -> tuple[Path, ...]:
    """The runtime's C files of some parts (`kernels`, `features`, …), as runtime/sources.txt lists them."""
    runtime = root() / "runtime"
    lines = (runtime / "sources.txt").read_text(encoding="utf-8").splitlines()
    return tuple(runtime / line for line in lines if line.partition("/")[0] in parts)


def runtime_includes() -> tuple[Path, ...]:
    """Where the runtime's own sources find headers: the public ones, and by path from runtime/ the private ones."""
    return root() / "runtime" / "include", root() / "runtime"


def cache_directory() -> Path:
    """Build results by content hash; safe to delete. MLFORGE_CACHE, else the user's cache directory."""
    if explicit := os.environ.get("MLFORGE_CACHE"):
        return Path(explicit).resolve()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "mlforge"
