"""The host's C compiler: builds the runtime's C as a shared library that Python calls through ctypes, or a program."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from mlforge.errors import BuildError
from mlforge.toolchain.cache import cached, digest, digest_files
from mlforge.toolchain.process import run
from mlforge.toolchain.sources import runtime_includes

# -ffp-contract=off and no -march=native: the same results on every host.
HOST_FLAGS: Final = ("-std=c11", "-O2", "-Wall", "-Wextra", "-ffp-contract=off", "-fno-strict-overflow")


def compiler() -> str:
    return os.environ.get("CC", "cc")


def shared_library(
    name: str, sources: Sequence[Path], *, flags: Sequence[str] = (), include: Sequence[Path] = ()
) -> Path:
    """Builds `lib<name>.so` once per content of `sources` and the runtime's headers, and returns its path.

    Raises:
        BuildError: the compiler refused; its words are in `log`.
        ToolError: there is no compiler, or it hung.
    """
    places = (*runtime_includes(), *include)
    headers = sorted({header for directory in places for header in directory.rglob("*.h")})
    key = digest([compiler(), name, *HOST_FLAGS, *flags, digest_files([*sources, *headers])])

    def make(place: Path) -> None:
        includes = [f"-I{directory}" for directory in places]
        out = place / f"lib{name}.so"
        command: list[str | Path] = [
            compiler(),
            *HOST_FLAGS,
            *flags,
            *includes,
            "-shared",
            "-fPIC",
            "-o",
            out,
            *sources,
            "-lm",
        ]
        done = run(command, timeout_s=120)
        if done.status != 0:
            raise BuildError(f"the host compiler could not build {name}", log=done.output)

    return cached("host", key, make) / f"lib{name}.so"


def compile_objects(sources: Sequence[Path], place: Path, *, include: Sequence[Path] = ()) -> tuple[Path, ...]:
    """Compiles each source into `place`. Raises BuildError with the compiler's words."""
    includes = [f"-I{directory}" for directory in (*runtime_includes(), *include)]

    def one(source: Path) -> Path:
        out = place / f"{source.name}.o"
        command: list[str | Path] = [compiler(), *HOST_FLAGS, *_SECTIONS, *includes, "-c", "-o", out, source.name]
        done = run(command, timeout_s=120, cwd=source.parent)
        if done.status != 0:
            raise BuildError(f"the host compiler refused {source.name}", log=done.output)
        return out

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return tuple(pool.map(one, sources))


def cached_objects(name: str, sources: Sequence[Path], *, include: Sequence[Path] = ()) -> tuple[Path, ...]:
    """Objects of the runtime's sources, built once per content of sources and headers. Raises BuildError."""
    places = (*runtime_includes(), *include)
    headers = sorted({header for place in places for header in place.rglob("*.h")})
    key = digest([compiler(), name, *HOST_FLAGS, *_SECTIONS, digest_files([*sources, *headers])])

    def make(place: Path) -> None:
        compile_objects(sources, place, include=include)

    place = cached(f"host-{name}", key, make)
    return tuple(place / f"{source.name}.o" for source in sources)


def link_program(objects: Sequence[Path], program: Path) -> None:
    """Links a native program, without what nothing refers to. Raises BuildError with the linker's words."""
    command: list[str | Path] = [compiler(), "-Wl,--gc-sections", "-o", program, *objects, "-lm"]
    done = run(command, timeout_s=120)
    if done.status != 0:
        raise BuildError(f"the host could not link {program.name}", log=done.output)


_SECTIONS: Final = ("-ffunction-sections", "-fdata-sections")
