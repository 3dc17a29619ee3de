"""The host's C compiler: builds the runtime's C as a shared library that Python calls through ctypes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mlforge.errors import BuildError
from mlforge.toolchain.cache import cached, digest, digest_files
from mlforge.toolchain.process import run
from mlforge.toolchain.sources import root

# -ffp-contract=off and no -march=native: the same results on every host.
HOST_FLAGS: Final = ("-std=c11", "-O2", "-Wall", "-Wextra", "-ffp-contract=off", "-fno-strict-overflow")


def compiler() -> str:
    return os.environ.get("CC", "cc")


def shared_library(name: str, sources: Sequence[Path], *, flags: Sequence[str] = (), include: Sequence[Path] = ()) -> Path:
    """Builds `lib<name>.so` once per content of `sources` and the runtime's headers, and returns its path.

    Raises:
        BuildError: the compiler refused; its words are in `log`.
        ToolError: there is no compiler, or it hung.
    """
    headers = sorted((root() / "runtime" / "include").rglob("*.h"))
    extra = sorted(header for directory in include for header in directory.rglob("*.h"))
    key = digest([compiler(), name, *HOST_FLAGS, *flags, digest_files([*sources, *headers, *extra])])

    def make(place: Path) -> None:
        includes = [f"-I{directory}" for directory in (root() / "runtime" / "include", *include)]
        out = place / f"lib{name}.so"
        command = [compiler(), *HOST_FLAGS, *flags, *includes, "-shared", "-fPIC", "-o", out, *sources, "-lm"]
        done = run(command, timeout_s=120)
        if done.status != 0:
            raise BuildError(f"the host compiler could not build {name}", log=done.output)

    return cached("host", key, make) / f"lib{name}.so"
