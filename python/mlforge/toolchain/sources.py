"""Where the C sources that MLForge builds are (runtime, ports, firmware), and where it may keep what it builds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from mlforge.errors import ToolError

PACKAGE: Final = Path(__file__).resolve().parents[1]


def root() -> Path:
    """Where `runtime`, `ports`, `firmware`, `cmake` and `zephyr` are: MLFORGE_ROOT, else the checkout, else in the
    installed package. Raises ToolError where they are in none."""
    explicit = os.environ.get("MLFORGE_ROOT")
    places = (Path(explicit),) if explicit else (PACKAGE.parents[1], PACKAGE / "source")
    for place in places:
        if (place / "runtime" / "include" / "mlforge").is_dir():
            return place
    hint = "set MLFORGE_ROOT to a checkout of MLForge" if explicit else "install MLForge again: it is damaged"
    raise ToolError(f"no MLForge sources in {' or '.join(map(str, places))}", hint=hint)


def python_sources() -> tuple[Path, ...]:
    """MLForge's own Python files and their templates, wherever they are installed."""
    inside = PACKAGE / "source"
    return tuple(path for path in sorted(PACKAGE.rglob("*")) if not path.is_relative_to(inside))


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
