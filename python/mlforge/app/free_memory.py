"""Building an app to see what it leaves for a model: where limits of `auto` come from before there is a model.

The application is built with the smallest model that its code can be written for; what that build leaves, and the
model's own share of it, is the room. A little is kept, so that a change of the app's code is not at once another study.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlforge.app.auto_limits import RECORD, SERVICE, Resolved, resolved_from, size_of, told
from mlforge.app.build_step import program_files, write_files
from mlforge.app.lockfile import read_lock
from mlforge.app.model import compile_model
from mlforge.app.paths import memory_directory
from mlforge.app.prepare import prepare
from mlforge.compiler.from_architecture import lower_architecture
from mlforge.contract.contract import Contract, Task
from mlforge.errors import BuildError, LimitError, LockError, ToolError
from mlforge.features.pipeline import Pipeline
from mlforge.measure.headroom import rooms
from mlforge.records.architecture import Architecture, Dense, GlobalAveragePool, Head
from mlforge.toolchain.files import sha256, write_atomically
from mlforge.toolchain.zephyr import ZephyrBuild, overflow, workspace

STEPS: Final = 32  # what is free is divided into so many steps, or up to twice as many
LEAST_STEP_BYTES: Final = 16
_ZEPHYR_BOARDS: Final = {"mps2/an521": "mps2/an521/cpu0"}  # by MLForge's name
_MCUBOOT: Final = re.compile(r"^\s*SB_CONFIG_BOOTLOADER_MCUBOOT=y\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Shape:
    """What an application's code can know of its model: the fitted features, the classes, the number of outputs."""

    pipeline: Pipeline
    classes: tuple[str, ...]
    outputs: int


def resolve(contract: Contract, say: Callable[[str], None], shape: Shape | None = None) -> Resolved:
    """Builds the app and gives each `auto` limit its number; a contract without one is returned as it is.

    Args:
        shape: what the app's model looks like from outside; None takes it from the lock, else from the data.

    Raises:
        LimitError: the app cannot be built, or leaves nothing.
        DataError: there is neither a shape, nor a lock, nor data.
    """
    if not contract.limits.auto:
        return Resolved(contract, {})
    try:
        board = _board(contract)
        say(f"limits: building the app for {board}, to see what it leaves")
        elf = _build(contract, board, shape or shape_of(contract))
        return resolved_from(contract, rooms(elf, contract.name), rounded_down)
    except ToolError as error:
        raise told(contract, error) from error


def remember(resolved: Resolved) -> None:
    """Keeps the numbers of a study for `remembered`. Raises StudyError where `.mlforge` cannot be written."""
    if not resolved.rooms:
        return
    limits = resolved.contract.limits
    sizes = {SERVICE: limits.service_bytes, **{name: size_of(limits, name) for name in sorted(resolved.rooms)}}
    text = json.dumps({"contract_sha256": resolved.contract.digest, "sizes": sizes}, indent=2, sort_keys=True)
    write_atomically(memory_directory(resolved.contract.app_dir) / RECORD, f"{text}\n".encode())


def shape_of(contract: Contract) -> Shape:
    """From the lock where it fits the contract, else from the data. Raises DataError."""
    try:
        lock = read_lock(contract.app_dir)
        if lock.name == contract.name and lock.contract_sha256 == contract.digest:
            return Shape(Pipeline.from_json(json.dumps(lock.features)), lock.classes, lock.architecture.outputs)
    except (LockError, ValueError):
        pass
    prepared = prepare(contract)
    return Shape(prepared.pipeline, prepared.classes, prepared.outputs)


def _board(contract: Contract) -> str:
    named = contract.target.product or contract.target.board
    board = _ZEPHYR_BOARDS.get(named, named)
    if board == "host" or board.endswith("@cortex-m0"):
        raise LimitError(f"{board} is not a board that Zephyr knows", hint="name the product's board as target.board")
    return board


def _build(contract: Contract, board: str, shape: Shape) -> Path:
    app = contract.app_dir.resolve()
    if not (app / "CMakeLists.txt").is_file() or not (app / "prj.conf").is_file():
        raise LimitError(f"{app} is not a Zephyr application: CMakeLists.txt or prj.conf is missing")
    place = memory_directory(app) / "zephyr" / f"limits-{re.sub('[^a-z0-9_]', '-', board)}"
    program = place / "program"
    write_files(program, _placeholder(contract, shape))
    settings = {"MLFORGE_PROGRAM": str(program), "CONFIG_MLFORGE": "y"}
    if _under_mcuboot(app):
        settings["CONFIG_BOOTLOADER_MCUBOOT"] = "y"
        settings["CONFIG_MCUBOOT_GENERATE_UNSIGNED_IMAGE"] = "y"
    build = ZephyrBuild(app, place / "build", board, settings=settings)
    try:
        workspace(app).build(build)
    except BuildError as error:
        if over := overflow(error.log):
            region, size_bytes = over
            raise LimitError(
                f"no room is left for a model: the application with the smallest model is {size_bytes} bytes too large "
                f"for {region} of {board}",
                log=error.log,
            ) from error
        raise
    return build.elf


def _under_mcuboot(app: Path) -> bool:
    """Whether `west build --sysbuild` puts MCUboot in front of the app, as its own configuration does not say."""
    try:
        return _MCUBOOT.search((app / "sysbuild.conf").read_text(encoding="utf-8", errors="replace")) is not None
    except OSError:
        return False


def _placeholder(contract: Contract, shape: Shape) -> dict[str, str]:
    """The files of the smallest model of the shape."""
    inputs = shape.pipeline.input_shape
    layers = (Dense(1),) if contract.task is Task.ANOMALY or len(inputs) == 1 else (GlobalAveragePool(),)
    head = Head.SOFTMAX if contract.task is Task.CLASSIFICATION else Head.LINEAR
    graph = lower_architecture(Architecture(inputs, layers, shape.outputs, head), seed=0)
    model = compile_model(graph, contract.name, shape.pipeline)
    return program_files(contract, model.program, shape.classes, sha256(b""))


def rounded_down(free_bytes: int) -> int:
    """The free bytes, less one or two steps, each a power of two and a 32nd to a 64th of them."""
    step = max(1 << max((free_bytes // STEPS).bit_length() - 1, 0), LEAST_STEP_BYTES)
    return max((free_bytes // step - 1) * step, 0)
