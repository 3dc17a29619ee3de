"""The kernels built for the host once per set of flags: compiling them takes longer than all else in these tests."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mlforge.toolchain.files import made_once, sha256
from mlforge.toolchain.sources import cache_directory, runtime_includes, runtime_sources


def kernel_library(compiler: Sequence[str], flags: Sequence[str]) -> Path:
    """A static library of runtime/kernels, kept in the cache by the hash of compiler, flags and sources."""
    sources = runtime_sources("kernels")
    place = cache_directory() / "test-kernels" / f"{_key(compiler, flags, sources)}.a"

    def make(library: Path) -> None:
        with tempfile.TemporaryDirectory() as directory:
            includes = [f"-I{one}" for one in runtime_includes()]
            _run([*compiler, *flags, *includes, "-c", *map(str, sources)], directory)
            _run(["ar", "rcs", str(library), *(f"{source.stem}.o" for source in sources)], directory)

    return made_once(place, make)


def _key(compiler: Sequence[str], flags: Sequence[str], sources: Sequence[Path]) -> str:
    version = subprocess.run([*compiler, "--version"], capture_output=True, timeout=60, check=True).stdout
    headers = sorted(header for place in runtime_includes() for header in place.rglob("*.h"))
    parts = [version, repr((list(compiler), list(flags))).encode()]
    parts += [path.name.encode() + path.read_bytes() for path in dict.fromkeys([*sources, *headers])]
    return sha256(b"".join(sha256(part).encode() for part in parts))[:32]


def _run(command: Sequence[str], directory: str) -> None:
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[:4000]
