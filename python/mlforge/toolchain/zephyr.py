"""The user's Zephyr workspace: finding it, and building applications in it with this checkout of MLForge as a module.

Found as Zephyr's own tools find it: ZEPHYR_BASE, the workspace that a directory is in, CMake's user package registry.
The toolchain is the one that the environment names, else an installed Zephyr SDK. Knows no model and no contract.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from mlforge.errors import BuildError, ImageTooLargeError, ToolError
from mlforge.toolchain.files import locked, write_atomically
from mlforge.toolchain.headline import headline
from mlforge.toolchain.process import Finished, find, run
from mlforge.toolchain.sources import root

OLDEST: Final = (3, 7, 0)  # the module's CMake, Kconfig and devicetree use nothing newer
BUILD_TIMEOUT_S: Final = 1200.0
_TOOLS: Final = ("cmake", "ninja", "dtc")
_NEEDED_BY_ZEPHYR: Final = "import elftools, packaging, pykwalify, west, yaml"
_SETTINGS: Final = "mlforge-settings.json"  # what a build directory was configured with
# One checkout of MLForge, and nothing of the process that happens to run us.
_DROPPED: Final = ("PYTEST_", "ZEPHYR_EXTRA_MODULES", "EXTRA_ZEPHYR_MODULES", "MLFORGE_PYTHON", "PYTHONPATH")


@dataclass(frozen=True, slots=True)
class ZephyrBuild:
    """One build directory: what is built there, and with which settings. `settings` are CMake variables."""

    app: Path
    directory: Path
    board: str
    settings: Mapping[str, str] = field(default_factory=dict)
    conf_files: tuple[Path, ...] = ()  # Kconfig fragments behind the app's own
    overlays: tuple[Path, ...] = ()  # devicetree overlays behind the app's own
    module: Path | None = None  # MLForge, by another path than its checkout's
    sysbuild: bool = False  # with the images that the application's sysbuild.conf asks for, such as MCUboot

    @property
    def is_native(self) -> bool:
        """Whether the image is a program of this machine."""
        return self.board.startswith("native_sim")

    @property
    def elf(self) -> Path:
        """The image; of native_sim, the executable."""
        name = "zephyr.exe" if self.is_native else "zephyr.elf"
        return self.directory / "zephyr" / name

    def variables(self) -> dict[str, str]:
        """All CMake variables of the configuration."""
        lists = {
            "EXTRA_CONF_FILE": ";".join(map(str, self.conf_files)),
            "EXTRA_DTC_OVERLAY_FILE": ";".join(map(str, self.overlays)),
        }
        given = {name: value for name, value in lists.items() if value}
        modules = {"BOARD": self.board, "ZEPHYR_EXTRA_MODULES": str(self.module or root())}
        return {**modules, **given, **self.settings}


@dataclass(frozen=True, slots=True)
class Workspace:
    """`base` is ZEPHYR_BASE; `python` runs Zephyr's scripts."""

    base: Path
    version: tuple[int, int, int]
    python: str

    def build(self, build: ZephyrBuild, *, target: str = "", timeout_s: float = BUILD_TIMEOUT_S) -> str:
        """Configures where that is due, compiles and links (or makes ninja's `target`); returns what the last step
        printed.

        Raises:
            BuildError: CMake or the compiler refused; `log` has their words, the message the cause among them.
            ToolError: no toolchain for the board, a tool hung, or another build works in the directory.
        """
        targets = (target,) if target else ()
        with held(build.directory):
            self._configure(build, timeout_s)
            done = self.ninja(build.directory, *targets, timeout_s=timeout_s)
            return _succeeded(done, f"{build.app} for {build.board}")

    def refresh(self, directory: Path, *, timeout_s: float = BUILD_TIMEOUT_S) -> str:
        """Builds what is out of date in a directory that somebody configured; raises as `build` does."""
        with held(directory):
            return _succeeded(self.ninja(directory, timeout_s=timeout_s), str(directory))

    def configure(self, build: ZephyrBuild, *, timeout_s: float = BUILD_TIMEOUT_S) -> Finished:
        """Runs CMake, whatever comes of it."""
        definitions = [f"-D{name}={value}" for name, value in build.variables().items()]
        definitions += [f"-DWEST_PYTHON={self.python}", *(toolchain_settings(build.board) or ())]
        source = build.app
        if build.sysbuild:
            source = self.base / "share" / "sysbuild"
            definitions.append(f"-DAPP_DIR={build.app}")
        command: list[str | Path] = ["cmake", "-GNinja", "-S", source, "-B", build.directory, *definitions]
        return run(command, timeout_s=timeout_s, environment=self.environment(build.directory))

    def ninja(self, directory: Path, *targets: str, timeout_s: float = BUILD_TIMEOUT_S) -> Finished:
        """Runs ninja, whatever comes of it."""
        environment = self.environment(directory)
        return run(["ninja", "-C", directory, *targets], timeout_s=timeout_s, environment=environment)

    def environment(self, directory: Path | None = None) -> dict[str, str]:
        """The build's; its models are compiled by the Python that runs now. What one build directory compiled, ccache
        (where there is one, Zephyr uses it) gives to the next: what differs is only where they are."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_DROPPED)}
        shared = {"CCACHE_BASEDIR": str(directory), "CCACHE_NOHASHDIR": "1"} if directory else {}
        ours = {
            "ZEPHYR_BASE": str(self.base),
            "MLFORGE_PYTHON": sys.executable,
            "PATH": self._path(kept.get("PATH", "")),
        }
        return {**shared, **kept, **ours}

    def _path(self, path: str) -> str:
        """Zephyr's Python first: sysbuild's other images, such as MCUboot, are told of none and take what they find."""
        place = str(Path(self.python).parent) if Path(self.python).is_absolute() else ""
        return os.pathsep.join(filter(None, (place, path)))

    def _configure(self, build: ZephyrBuild, timeout_s: float) -> None:
        if toolchain_settings(build.board) is None:
            raise ToolError(
                f"no toolchain for {build.board}",
                hint="set ZEPHYR_TOOLCHAIN_VARIANT, or install the Zephyr SDK (`west sdk install`)",
            )
        note = build.directory / _SETTINGS
        wanted = json.dumps(
            {"app": str(build.app), "base": str(self.base), "sysbuild": build.sysbuild, **build.variables()},
            sort_keys=True,
        )
        fresh = (build.directory / "build.ninja").is_file() and note.is_file() and note.read_text() == wanted
        if not fresh:
            note.unlink(missing_ok=True)
            (build.directory / "CMakeCache.txt").unlink(missing_ok=True)
            _succeeded(self.configure(build, timeout_s=timeout_s), f"{build.app} for {build.board}")
            write_atomically(note, wanted.encode())


def workspace(near: Path | None = None) -> Workspace:
    """The workspace, looked for around `near` (default: the current directory) where ZEPHYR_BASE does not name one.

    Raises:
        ToolError: there is none, it is older than `OLDEST`, or something that its build needs is missing.
    """
    if missing := [tool for tool in _TOOLS if find(tool) is None]:
        raise ToolError(f"{', '.join(missing)} not installed", hint="`west mlforge doctor` names the command")
    for base in _candidates((near or Path.cwd()).resolve()):
        if not (base / "share" / "zephyr-package").is_dir():
            continue
        version = zephyr_version(base)
        if version < OLDEST:
            raise ToolError(
                f"Zephyr {_dotted(version)} in {base} is too old",
                hint=f"MLForge needs Zephyr {_dotted(OLDEST)} or newer",
            )
        python = _python()
        if python is None:
            raise ToolError(
                f"no Python has what Zephyr in {base} needs",
                hint=f"pip install -r {base / 'scripts' / 'requirements.txt'}",
            )
        return Workspace(base, version, python)
    raise ToolError(
        "no Zephyr workspace found",
        hint="set ZEPHYR_BASE, work inside a west workspace, or run `west zephyr-export` in one",
    )


def zephyr_version(base: Path) -> tuple[int, int, int]:
    """(major, minor, patch) from the file VERSION. Raises ToolError where it has none."""
    try:
        text = (base / "VERSION").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ToolError(f"{base / 'VERSION'} cannot be read") from error
    found = dict(re.findall(r"^(VERSION_MAJOR|VERSION_MINOR|PATCHLEVEL)\s*=\s*(\d+)\s*$", text, re.MULTILINE))
    if len(found) != 3:
        raise ToolError(f"{base / 'VERSION'} names no version of Zephyr")
    return int(found["VERSION_MAJOR"]), int(found["VERSION_MINOR"]), int(found["PATCHLEVEL"])


def toolchain_settings(board: str) -> tuple[str, ...] | None:
    """CMake arguments for the toolchain of a board; None where there is none. A variant that is not known here is left
    for Zephyr to judge."""
    if board.startswith("native_sim"):
        return ("-DZEPHYR_TOOLCHAIN_VARIANT=host",)
    family = "riscv" if "riscv" in board else "arm"
    works = {
        "gnuarmemb": family == "arm",
        "cross-compile": family in os.environ.get("CROSS_COMPILE", ""),
        "": bool(os.environ.get("ZEPHYR_SDK_INSTALL_DIR") or any(_registry("Zephyr-sdk"))),
    }
    return () if works.get(os.environ.get("ZEPHYR_TOOLCHAIN_VARIANT", ""), True) else None


def _candidates(near: Path) -> Iterator[Path]:
    if base := os.environ.get("ZEPHYR_BASE"):
        yield Path(base)
    for parent in (near, *near.parents):
        if (parent / ".west" / "config").is_file():
            yield parent / "zephyr"
    for entry in _registry("Zephyr"):
        with contextlib.suppress(OSError, IndexError):
            yield Path(entry.read_text(encoding="utf-8").strip()).parents[2]


def _registry(package: str) -> list[Path]:
    """CMake's user package registry: cmake-packages(7)."""
    try:
        return sorted((Path.home() / ".cmake" / "packages" / package).glob("*"))
    except (RuntimeError, OSError):  # no home, or one that cannot be read
        return []


@cache
def _python() -> str | None:
    """The user's Python, else ours, whichever has what Zephyr's scripts import."""
    for candidate in ("python3", sys.executable):
        if find(candidate) and run([candidate, "-c", _NEEDED_BY_ZEPHYR], timeout_s=60).status == 0:
            return str(find(candidate))
    return None


@contextlib.contextmanager
def held(directory: Path, name: str = ".mlforge-lock") -> Iterator[None]:
    """Keeps other builds out of the directory. The lock goes with the process. Raises ToolError where it is taken."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locked(directory / name, wait=False))
        except BlockingIOError as error:
            raise ToolError(
                f"another build is under way in {directory}", hint="wait for it, or name another directory"
            ) from error
        yield


def overflow(log: str) -> tuple[str, int] | None:
    """The memory region that the linker could not fit an image into, and by how many bytes; None where it could.
    Where several overflow, the one by most."""
    found = re.findall(r"region `(\w+)' overflowed by (\d+) bytes", log)
    return max(((name, int(size)) for name, size in found), key=lambda pair: pair[1], default=None)


def _succeeded(done: Finished, what: str) -> str:
    if done.status != 0:
        if over := overflow(done.output):
            name, size_bytes = over
            raise ImageTooLargeError(
                f"Zephyr could not build {what}: the image is {size_bytes} bytes too large for {name}",
                log=done.output,
                hint=f"the application and its model need more {name} than the board, or its partition, has",
            )
        reason = headline(done.output)
        raise BuildError(f"Zephyr could not build {what}{': ' if reason else ''}{reason}", log=done.output)
    return done.output


def _dotted(version: Sequence[int]) -> str:
    return ".".join(map(str, version))
