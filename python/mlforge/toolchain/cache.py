"""A cache of built files: keyed by the hash of everything that went in, filled atomically, shared by processes."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from mlforge.toolchain.sources import cache_directory


def digest(parts: Iterable[str | bytes]) -> str:
    """SHA-256 of the parts, each with its length, so that no two lists of parts look alike."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "little"))
        total.update(data)
    return total.hexdigest()


def digest_files(paths: Iterable[Path]) -> str:
    """SHA-256 over names and contents, in the order given."""
    return digest(part for path in paths for part in (path.name, path.read_bytes()))


def cached(kind: str, key: str, make: Callable[[Path], None]) -> Path:
    """The directory `kind/key` of the cache, made by `make` on first use.

    `make` fills a temporary directory, which then takes its final name in one step: a killed process leaves nothing
    half-made behind, and of two processes one wins and both go on.
    """
    place = cache_directory() / kind / key[:32]
    if place.is_dir():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    try:
        make(scratch)
        try:
            scratch.rename(place)
        except OSError:
            if not place.is_dir():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return place
