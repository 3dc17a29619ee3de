"""Where the C sources that MLForge builds are (runtime, ports, firmware), and where it may keep what it builds."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import Final

from mlforge.errors import ToolError

_ON_SIGNAL: Final = ("kernels", "features")
_CURE: Final = "set MLFORGE_CACHE to a directory that can be written"
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
    """The runtime's C files of some parts (`kernels`, `features`, …), as runtime/sources.txt lists them, with `signal`
    for the parts that are built on it."""
    runtime = root() / "runtime"
    if any(part in _ON_SIGNAL for part in parts):
        parts = (*parts, "signal")
    lines = (runtime / "sources.txt").read_text(encoding="utf-8").splitlines()
    return tuple(runtime / line for line in lines if line.partition("/")[0] in parts)


def runtime_includes() -> tuple[Path, ...]:
    """Where the runtime's own sources find headers: the public ones, and by path from runtime/ the private ones."""
    return root() / "runtime" / "include", root() / "runtime"


def cache_directory() -> Path:
    """Build results by content hash; safe to delete. MLFORGE_CACHE, else the user's cache directory, else, where there
    is none that can be written (as in many CI containers), one of this user's among the temporary files.

    Raises:
        ToolError: nothing can be written.
    """
    if explicit := os.environ.get("MLFORGE_CACHE"):
        return Path(explicit).resolve()
    usual = _usual_cache()
    return usual if usual is not None and _can_be_made(usual) else _temporary_cache()


def _usual_cache() -> Path | None:
    try:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:  # no HOME, and a user without an entry in the passwd file
        return None
    return Path(base) / "mlforge"


def _can_be_made(place: Path) -> bool:
    nearest = next((path for path in (place, *place.parents) if path.exists()), None)
    return nearest is not None and nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)


def _temporary_cache() -> Path:
    """What is built there is run: it must be this user's, and nobody else's to write."""
    try:
        if not hasattr(os, "getuid"):  # Windows: each user has a directory for temporary files
            place = Path(tempfile.gettempdir()) / "mlforge"
            place.mkdir(exist_ok=True)
            return place
        place = Path(tempfile.gettempdir()) / f"mlforge-{os.getuid()}"
        place.mkdir(mode=0o700, exist_ok=True)
        found = place.lstat()
    except OSError as error:
        raise ToolError("no directory can be written to keep builds in", hint=_CURE) from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise ToolError(f"{place} is not this user's own", hint=_CURE)
    return place
