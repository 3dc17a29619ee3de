"""Compiling and linking C for a `Core`: objects, archives kept in the cache, and ELF images."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from mlforge.errors import BuildError, ImageTooLargeError
from mlforge.toolchain.cache import cached, digest, digest_files
from mlforge.toolchain.cores import Core
from mlforge.toolchain.process import find, run
from mlforge.toolchain.sources import runtime_includes

# One section for each function and object, so that the linker drops what a model does not use. Identical functions stay
# apart (no-ipa-icf), so that each operator keeps an address of its own to be counted at. Equal strings of several
# objects stay with each (no-merge-constants), and no code moves between objects (no-lto): so the linker's map tells
# whose a byte is.
C_FLAGS: Final = (
    *("-std=c11", "-O2", "-ffunction-sections", "-fdata-sections", "-fno-common", "-fno-ipa-icf"),
    *("-fno-merge-constants", "-fno-lto"),
    *("-fno-asynchronous-unwind-tables", "-ffp-contract=off", "-Wall", "-Wextra"),
)
LINK_FLAGS: Final = (
    "-nostartfiles",
    "-static",
    "-Wl,--gc-sections",
    "-Wl,--build-id=none",
    "-Wl,--no-warn-rwx-segments",
)
LIBRARIES: Final = ("-Wl,--start-group", "-lc", "-lm", "-lgcc", "-Wl,--end-group")
TIMEOUT_S: Final = 120.0


def missing_tools(core: Core) -> tuple[str, ...]:
    """The tools that building for the core needs and that this machine does not have."""
    return tuple(tool for tool in (core.compiler, core.archiver) if find(tool) is None)


def include_flags(directories: Sequence[Path]) -> tuple[str, ...]:
    return tuple(f"-I{directory}" for directory in directories)


def compile_objects(core: Core, sources: Sequence[Path], place: Path, *, flags: Sequence[str] = ()) -> tuple[Path, ...]:
    """Compiles each source into `place`, as many at a time as there are processors.

    Raises:
        BuildError: the compiler refused one; its words are in `log`.
    """

    def one(source: Path) -> Path:
        out = place / f"{source.name}.o"
        language = ("-x", "assembler-with-cpp") if source.suffix == ".S" else ()
        command = [
            core.compiler,
            *core.flags,
            *core.library_flags,
            *C_FLAGS,
            *flags,
            *language,
            "-c",
            "-o",
            out,
            source.name,
        ]
        done = run(command, timeout_s=TIMEOUT_S, cwd=source.parent)
        if done.status != 0:
            raise BuildError(f"{core.compiler} refused {source.name}", log=done.output)
        return out

    if len(sources) == 1:
        return (one(sources[0]),)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return tuple(pool.map(one, sources))


def archive(core: Core, name: str, sources: Sequence[Path], *, include: Sequence[Path] = ()) -> Path:
    """`lib<name>.a` of the sources, built once per core and content of sources and headers."""
    directories = (*runtime_includes(), *include)
    headers = sorted(header for directory in directories for header in directory.rglob("*.h"))
    key = digest([version(core), name, *core.flags, *C_FLAGS, digest_files([*sources, *headers])])

    def make(place: Path) -> None:
        objects = compile_objects(core, sources, place, flags=include_flags(directories))
        command: list[str | Path] = [core.archiver, "rcsD", place / f"lib{name}.a", *objects]
        done = run(command, timeout_s=TIMEOUT_S)
        if done.status != 0:
            raise BuildError(f"{core.archiver} could not make lib{name}.a", log=done.output)
        for item in objects:
            item.unlink()

    return cached(f"archive-{core.name}", key, make) / f"lib{name}.a"


def link(core: Core, objects: Sequence[Path], script: Path, elf: Path) -> None:
    """Links an image, and leaves the linker's map beside it, in which objects in the image's directory have names
    relative to it. Raises BuildError with the linker's words, ImageTooLargeError where a region overflowed."""
    place = elf.parent
    command: list[str | Path] = [core.compiler, *core.flags, *core.library_flags, *LINK_FLAGS, "-T", script]
    command += [f"-Wl,-Map={elf.with_suffix('.map').name}", "-o", elf.name]
    command += [file.relative_to(place) if file.is_relative_to(place) else file for file in objects]
    done = run([*command, *LIBRARIES], timeout_s=TIMEOUT_S, cwd=place)
    if done.status != 0:
        reason = _link_reason(done.output)
        too_large = any(sign in reason for sign in _TOO_LARGE)
        raise (ImageTooLargeError if too_large else BuildError)(reason, log=done.output)


def version(core: Core) -> str:
    """The compiler's first line about itself; part of every cache key."""
    if core.compiler not in _VERSIONS:
        _VERSIONS[core.compiler] = run([core.compiler, "-dumpfullversion"], timeout_s=TIMEOUT_S).output.strip()
    return f"{core.compiler} {_VERSIONS[core.compiler]}"


_TOO_LARGE: Final = ("overflowed", "will not fit")  # the linker's words
_VERSIONS: Final[dict[str, str]] = {}


def _link_reason(output: str) -> str:
    """The most telling line: what overflowed, or what is undefined."""
    for sign in (*_TOO_LARGE, "undefined reference", "error"):
        for line in output.splitlines():
            if sign in line:
                return "linking failed: " + line.split("ld: ")[-1].strip()
    return "linking failed"
