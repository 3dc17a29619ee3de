"""Pythons with packages of their own, for tools that pin other versions than MLForge's: made on first use, kept.

What is installed stands in `environments/NAME.txt`, pinned and hashed. Nothing of it is ever imported by MLForge: its
programs run under the environment's Python.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlforge.errors import ToolError
from mlforge.toolchain.cache import cached, digest
from mlforge.toolchain.process import run

_LOCKS: Final = Path(__file__).parent / "environments"
_MAKE_S: Final = 3600.0
_PROBE_S: Final = 60.0
_PROBE: Final = "import ensurepip, sys, sysconfig, venv; print(*sys.version_info[:3], sysconfig.get_platform())"
_NEWEST: Final = 14
_NO_NETWORK: Final = ("NewConnectionError", "NameResolutionError", "Temporary failure in name", "ConnectTimeout")


@dataclass(frozen=True, slots=True)
class Environment:
    """`pinned` are requirements without hashes, whose builds differ by index (CPU only, or with CUDA). `module` is what
    must be importable at the end; `variable` names a Python of the user's that has it all, to use instead."""

    name: str
    least: tuple[int, int]
    module: str
    variable: str
    pinned: tuple[str, ...] = ()
    cure: str = ""

    @property
    def lock(self) -> Path:
        return _LOCKS / f"{self.name}.txt"


ONNX: Final = Environment("onnx", (3, 12), "onnx2tf", "MLFORGE_ONNX_PYTHON")
TORCH: Final = Environment(
    "torch",
    (3, 11),
    "torch",
    "MLFORGE_TORCH_PYTHON",
    ("torch==2.13.0",),
    "for Linux on x86-64, PyPI's torch wants CUDA: let PIP_EXTRA_INDEX_URL name PyTorch's index of CPU builds",
)


def python_of(environment: Environment) -> Path:
    """The Python that has an environment's packages; they are installed on first use.

    Raises:
        ToolError: no Python is new enough, or a package could not be had.
    """
    if own := os.environ.get(environment.variable):
        return _own(environment, own)
    base, version = _base(environment)
    key = digest([environment.lock.read_bytes(), *environment.pinned, version])
    place = cached("environments", key, lambda scratch: _make(environment, base, scratch))
    return _python_in(place)


def _own(environment: Environment, own: str) -> Path:
    path = shutil.which(own)
    if path is None or run([path, "-c", f"import {environment.module}"], timeout_s=_PROBE_S).status:
        raise ToolError(f"{environment.variable}={own}: expected a Python that has {environment.module}")
    return Path(path)


def _base(environment: Environment) -> tuple[Path, str]:
    """A Python that is new enough and can make environments, with what of it decides over packages."""
    for path in _candidates():
        try:
            answer = run([path, "-c", _PROBE], timeout_s=_PROBE_S)
        except ToolError:
            continue
        words = answer.output.split()
        if answer.status == 0 and environment.least <= (int(words[0]), int(words[1])) <= (3, _NEWEST):
            return path, " ".join((words[0], words[1], *words[3:]))
    least = ".".join(map(str, environment.least))
    raise ToolError(
        f"no Python {least} or newer with venv was found, which {environment.module} needs",
        hint=f"install one (on Debian and Ubuntu with its python3-venv), or let {environment.variable} name a Python "
        f"that has the packages of {environment.lock}",
    )


def _candidates() -> Iterator[Path]:
    yield Path(sys.executable)
    names = [f"python3.{minor}" for minor in range(12, _NEWEST + 1)] + ["python3", "python3.11"]
    yield from (Path(found) for name in names if (found := shutil.which(name)))
    try:
        home = Path.home()
    except RuntimeError:
        return
    for pattern in (".pyenv/versions/3.1[2-4]*/bin/python3", ".local/share/uv/python/*/bin/python3"):
        yield from sorted(home.glob(pattern))


def _python_in(place: Path) -> Path:
    windows = place / "Scripts" / "python.exe"
    return windows if windows.is_file() else place / "bin" / "python"


def _make(environment: Environment, base: Path, place: Path) -> None:
    _step(environment, [base, "-m", "venv", place])
    install: list[str | Path] = [
        _python_in(place),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
    ]
    if environment.pinned:
        _step(environment, [*install, *environment.pinned])
    _step(environment, [*install, "--require-hashes", "-r", environment.lock])
    _step(environment, [_python_in(place), "-c", f"import {environment.module}"])


def _step(environment: Environment, command: Sequence[str | Path]) -> None:
    done = run(command, timeout_s=_MAKE_S)
    if done.status == 0:
        return
    offline = any(word in done.output for word in _NO_NETWORK)
    reason = "the package index cannot be reached" if offline else f"{Path(command[0]).name} ended with {done.status}"
    raise ToolError(
        f"the environment for {environment.module} cannot be installed: {reason}",
        log=done.output,
        hint=f"it is needed once, with network, or an index in PIP_INDEX_URL; {environment.variable} names a Python "
        f"that has it instead{'; ' + environment.cure if environment.cure else ''}",
    )
