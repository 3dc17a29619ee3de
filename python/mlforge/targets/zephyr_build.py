"""Building the measuring firmware into a Zephyr application, with one model in place of the application's own.

One build directory for an application and a board, configured once: a further model costs what ninja has to do. Knows
how to build; running the image is for targets/zephyr.py, and for whoever flashes it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from mlforge.errors import BuildError, ImageTooLargeError, ToolError
from mlforge.records.program import Engine, Program, symbols_file
from mlforge.targets.program_files import attachment_values
from mlforge.templating import render_file
from mlforge.toolchain import zephyr
from mlforge.toolchain.cache import digest
from mlforge.toolchain.files import write_changed
from mlforge.toolchain.kept_image import companions, keep_account
from mlforge.toolchain.sources import cache_directory, root
from mlforge.toolchain.zephyr import BUILD_TIMEOUT_S, Workspace, ZephyrBuild

PORT: Final = "ports/zephyr"
KEPT_IMAGES: Final = 16
INTERPRETER: Final = "tflite-micro"  # its project in Zephyr's manifest
INTERPRETER_TIMEOUT_S: Final = 7200.0  # TensorFlow Lite Micro is some 170 files of C++, compiled once
_ATTACHMENT: Final = "mlforge_app.inc"
_RESERVED: Final = (_ATTACHMENT, "mlforge_app.c")
_MUTEXES: dict[Path, threading.Lock] = {}
_GUARD: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class Application:
    """A Zephyr application of the user's. `model` is the name that its sources know the model by, empty where they
    know none; `files` are C files, besides the program's own, that such a model comes with."""

    directory: Path
    model: str = ""
    files: Mapping[str, str] = field(default_factory=dict)

    def takes(self, program: Program) -> bool:
        """Whether the program can stand in for the application's model."""
        return self.model in ("", program.name)

    def completed(self, program: Program) -> Program:
        """The program with the application's files, which only suit one with features."""
        if not program.pipeline_symbol:
            return program
        return replace(program, sources={**program.sources, **self.files})


@dataclass(frozen=True, slots=True)
class MeasuringBuild:
    """A built image of the measuring firmware. `kconfig` is the build's configuration, such as CONFIG_FPU: "y";
    symbols that are off are left out."""

    elf: Path
    directory: Path
    workspace: Workspace
    kconfig: Mapping[str, str]
    seconds: float


def measuring_build(board: str, app: Path | None, program: Program | None) -> MeasuringBuild:
    """Builds `program` into the application (MLForge's own empty one where None is given) for a Zephyr board.

    Without a program: the configuration alone, whose CONFIG_MLFORGE_ISA says what models are to be compiled for.

    Raises:
        BuildError: CMake, the compiler or the linker refused; `log` has their words.
        ImageTooLargeError: the image does not fit the board.
        ToolError: no workspace, no toolchain for the board, or another process builds in the directory.
    """
    source = (app or root() / PORT / "app").resolve()
    workspace = zephyr.workspace(app)
    engine = program.engine if program else Engine.STATIC
    directory = build_directory(board, app, engine)
    _refuse_spaces(source, directory)
    build = _build(board, source, directory, engine)
    with _alone(directory):
        started = time.monotonic()
        if program is None:
            _configure(workspace, build)
        else:
            sync(directory / "program", program_files(program))
            _compile(workspace, build, program)
        elf = _kept(build) if program is not None else build.elf
        return MeasuringBuild(elf, directory, workspace, read_kconfig(directory), time.monotonic() - started)


def build_directory(board: str, app: Path | None, engine: Engine = Engine.STATIC) -> Path:
    """Beside the application's study; for MLForge's own application, in the cache. Each engine has its own: a change of
    engine would compile all of Zephyr again."""
    name = board.replace("/", "-") + (f"-{engine}" if engine.interprets else "")
    if app is not None:
        return app.resolve() / ".mlforge" / "zephyr" / name
    return cache_directory() / "zephyr" / f"{name}-{digest([str(root())])[:12]}"


def read_kconfig(directory: Path) -> dict[str, str]:
    """The symbols of a build's .config that are set. Raises BuildError where there is none."""
    path = directory / "zephyr" / ".config"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BuildError(f"{path}: no configuration of a Zephyr build") from error
    return {name: value.strip('"') for name, value in re.findall(r"^(CONFIG_\w+)=(.*)$", text, re.MULTILINE)}


def program_files(program: Program) -> dict[str, str]:
    """What MLFORGE_PROGRAM holds: the program's files, and the one that attaches it to the firmware.

    Raises:
        BuildError: a source would be written elsewhere.
    """
    for name in program.sources:
        if Path(name).name != name or not name or name in _RESERVED:
            raise BuildError(f"{name!r} is no plain, new file name for a generated source")
    values = attachment_values(program)
    files = {**program.sources, _ATTACHMENT: render_file(root() / PORT / "app.inc.j2", values)}
    files.setdefault(symbols_file(program.name), "{}\n")
    header = f"{program.name}_model.h"
    if header not in files:  # written by hand: the names that the instance needs
        files[header] = render_file(root() / PORT / "model.h.j2", {**values, "input_bytes": program.input_bytes})
    return files


def _build(board: str, source: Path, directory: Path, engine: Engine) -> ZephyrBuild:
    fragments = ["measure.conf", *(["measure_native.conf"] if board.startswith("native_sim") else [])]
    return ZephyrBuild(
        source,
        directory,
        board,
        settings={
            "MLFORGE_PROGRAM": str(directory / "program"),
            f"CONFIG_MLFORGE_ENGINE_{engine.name}": "y",  # whatever the application has
        },
        conf_files=tuple(root() / PORT / name for name in fragments),
    )


def _configure(workspace: Workspace, build: ZephyrBuild) -> None:
    """Without a program there is nothing to build; where there is one from before, its configuration is brought up to
    date."""
    (build.directory / "program").mkdir(parents=True, exist_ok=True)
    workspace.build(build, target="build.ninja")


def _compile(workspace: Workspace, build: ZephyrBuild, program: Program) -> None:
    try:
        workspace.build(build, timeout_s=INTERPRETER_TIMEOUT_S if program.engine.interprets else BUILD_TIMEOUT_S)
    except BuildError as error:
        if over := zephyr.overflow(error.log):
            region, size_bytes = over
            raise ImageTooLargeError(
                f"the image does not fit {build.board}: it is {size_bytes} bytes too large for {region}", log=error.log
            ) from error
        if program.engine.interprets and re.search(r"MLFORGE_ENGINE_TFLM\w* was assigned .* but got", error.log):
            raise BuildError(
                f"{build.board} cannot be built with {program.engine}: the workspace lacks the module {INTERPRETER}, "
                "or the board is none of Arm's",
                log=error.log,
                hint=f"`west config manifest.project-filter -- +{INTERPRETER} && west update {INTERPRETER}`",
            ) from error
        for line in error.log.splitlines():
            found = re.search(r"([^/\s:]+):\d+:\d+: (?:fatal )?error: (.*)", line)
            if found and found[1] in program.sources:
                raise BuildError(f"the compiler refused {found[1]}: {found[2]}", log=error.log) from error
        raise


def sync(directory: Path, files: Mapping[str, str]) -> None:
    """Makes the directory hold these files; what has not changed is not touched, so that ninja need not compile it."""
    directory.mkdir(parents=True, exist_ok=True)
    for path in directory.iterdir():
        if path.name not in files:
            path.unlink()
    for name, text in files.items():
        write_changed(directory / name, text.encode())


def _kept(build: ZephyrBuild) -> Path:
    """A copy of the image that the next build leaves alone, named by its content, and what accounts for it; only the
    newest are kept."""
    place = build.directory / "images"
    place.mkdir(exist_ok=True)
    data = build.elf.read_bytes()
    path = place / f"{hashlib.sha256(data).hexdigest()[:32]}{build.elf.suffix}"
    accounts = () if build.is_native else companions(path)  # a program of this machine takes neither flash nor RAM
    if not all(file.is_file() for file in (path, *accounts)):
        if accounts:
            keep_account(build.elf, path)
        scratch = place / f".{path.name}"
        scratch.write_bytes(data)
        shutil.copymode(build.elf, scratch)
        scratch.rename(path)
    os.utime(path)
    images = sorted(place.glob(f"[!.]*{path.suffix}"), key=lambda image: image.stat().st_mtime_ns)
    for image in images[:-KEPT_IMAGES]:
        for file in (image, *companions(image)):
            file.unlink(missing_ok=True)
    return path


@contextlib.contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """One thread of this process at a time, and no other process, between writing a program and copying its image."""
    with _GUARD:
        mutex = _MUTEXES.setdefault(directory, threading.Lock())
    with mutex:
        directory.mkdir(parents=True, exist_ok=True)
        if directory.parent.parent.name == ".mlforge":
            with contextlib.suppress(OSError):
                write_changed(directory.parent.parent / ".gitignore", b"*\n")
        with zephyr.held(directory, ".mlforge-measuring"):
            yield


def _refuse_spaces(*paths: Path) -> None:
    for path in paths:
        if " " in str(path):
            raise ToolError(f"{path}: Zephyr builds nothing in a path with spaces", hint="move it to one without")
