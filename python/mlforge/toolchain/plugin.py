"""Plugins for QEMU: built on demand with the host's compiler, for the QEMU that is installed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from mlforge.errors import BuildError, ToolError
from mlforge.toolchain.cache import cached, digest, digest_files
from mlforge.toolchain.host import compiler
from mlforge.toolchain.process import run
from mlforge.toolchain.sources import root

# QEMU 9.0 refuses plugins of version 1; what our plugin calls is the same in version 2.
_FIRST_WITH_VERSION_2: Final = 9


def counting_plugin(qemu: str) -> Path:
    """The path of the plugin that counts instructions; raises as `plugin` does."""
    return plugin(qemu, _sources() / "count.c")


def tracing_plugin(qemu: str) -> Path:
    """The path of the plugin that tells what runs when; raises as `plugin` does."""
    return plugin(qemu, _sources() / "trace.c")


def blocking_plugin(qemu: str) -> Path:
    """The path of the plugin that finds locked interrupts; raises as `plugin` does."""
    return plugin(qemu, _sources() / "blocking.c")


def plugin(qemu: str, source: Path) -> Path:
    """The path of the plugin made from one C file, which may include qemu_plugin_api.h.

    Raises:
        BuildError: the host compiler refused it.
        ToolError: QEMU or the compiler is missing.
    """
    api = _plugin_api(qemu)
    flags = (
        "-std=c11",
        "-O2",
        "-Wall",
        "-Wextra",
        "-shared",
        "-fPIC",
        "-fvisibility=hidden",
        f"-DMLFORGE_PLUGIN_API={api}",
    )
    key = digest([compiler(), *flags, digest_files([source, *sorted(_sources().glob("*.h"))])])
    name = f"{source.stem}.so"

    def make(place: Path) -> None:
        done = run([compiler(), *flags, f"-I{_sources()}", "-o", place / name, source], timeout_s=60)
        if done.status != 0:
            raise BuildError(f"the host compiler could not build the plugin {source.name}", log=done.output)

    return cached("qemu-plugin", key, make) / name


def _sources() -> Path:
    return root() / "ports" / "qemu-plugin"


def _plugin_api(qemu: str) -> int:
    if qemu not in _APIS:
        output = run([qemu, "--version"], timeout_s=10).output
        found = re.search(r"version (\d+)\.", output)
        if found is None:
            raise ToolError(f"{qemu} does not tell its version", log=output)
        _APIS[qemu] = 2 if int(found[1]) >= _FIRST_WITH_VERSION_2 else 1
    return _APIS[qemu]


_APIS: Final[dict[str, int]] = {}
