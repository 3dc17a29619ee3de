"""The timeline of a locked model with its features, of a model alone, or of an application's own image, on an emulated
board."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import numpy as np

from mlforge.app.lockfile import locked_model, read_lock
from mlforge.app.model import read_model
from mlforge.app.own_image import built
from mlforge.compiler.emitter import compile_graph
from mlforge.compiler.isa import Isa
from mlforge.compiler.tflite_reader import read_tflite
from mlforge.contract.contract import Contract
from mlforge.errors import TargetUnavailableError
from mlforge.features.pipeline import Pipeline
from mlforge.records.timeline import Timeline
from mlforge.targets.baremetal import BaremetalTarget
from mlforge.targets.target import Target
from mlforge.targets.thread_tracing import trace_image
from mlforge.targets.zephyr_boards import ZephyrBoard, board_of_build

_CLOCK_HZ: Final = 120_000_000  # about what a microcontroller has, where no contract says it
_INFERENCES: Final = 2  # the second shows that the first left nothing behind


def trace_app(contract: Contract, target: Target) -> Timeline:
    """The locked model: one input's worth of random frames through the features, then inferences of random inputs.

    Raises:
        LockError: no lock, or a model that is not the locked one.
        ModelError, BuildError, RunError: it cannot be compiled, built or run.
        TargetUnavailableError: the target is none that QEMU emulates without an operating system.
    """
    lock, board = read_lock(contract.app_dir), _emulated(target)
    pipeline = Pipeline.from_json(json.dumps(lock.features))
    whole = read_model(locked_model(contract.app_dir, lock), contract.name, pipeline, Isa(board.isa))
    program = whole.on_device(contract.execution, lock.cost.prefer).program
    random = np.random.default_rng(0)
    low, high = pipeline.samples.range
    limit = 1 << 12  # as signals are, and not as loud as the type allows
    frames = random.integers(
        max(low, -limit), min(high, limit), (whole.pipeline.frames_for(1), pipeline.channels), dtype=np.int32
    )
    inputs = random.integers(-128, 128, (_INFERENCES, program.input_bytes), dtype=np.int8)
    return board.trace(board.build(program), inputs, frames)


def trace_model(tflite: bytes, name: str, target: Target) -> Timeline:
    """A model without features; raises as `trace_app` does."""
    board = _emulated(target)
    program = compile_graph(read_tflite(tflite), name, Isa(board.isa)).program
    inputs = np.random.default_rng(0).integers(-128, 128, (_INFERENCES, program.input_bytes), dtype=np.int8)
    return board.trace(board.build(program), inputs)


def trace_own(contract: Contract, board: str, seconds: float) -> Timeline:
    """The application's own image for the Zephyr board, whose deadline is the contract's latency.

    Raises:
        TargetUnavailableError: QEMU does not emulate the board, or it has no Cortex-M.
        BuildError, RunError, ToolError: it cannot be built or run.
    """
    return _traced(built(contract, _zephyr(board)), board, contract.name, contract, seconds)


def trace_built(elf: Path, board: str, seconds: float) -> Timeline:
    """An image as `west build` left it; raises as `trace_own` does."""
    return _traced(elf, board, elf.parent.parent.name or elf.stem, None, seconds)


def _traced(elf: Path, board: str, name: str, contract: Contract | None, seconds: float) -> Timeline:
    clock_hz = contract.target.clock_hz if contract else _CLOCK_HZ
    deadline_us = contract.limits.latency_us if contract else None
    return trace_image(elf, _zephyr(board), name, clock_hz=clock_hz, seconds=seconds, deadline_us=deadline_us)


def _zephyr(name: str) -> ZephyrBoard:
    board = board_of_build(name)
    if board is None or not board.is_cortex_m:
        raise TargetUnavailableError(
            f"zephyr:{name} is not traced: only boards with a Cortex-M that QEMU emulates are",
            hint="name the board that the image is for, such as --target zephyr:mps2/an385",
        )
    return board


def _emulated(target: Target) -> BaremetalTarget:
    if not isinstance(target, BaremetalTarget):
        raise TargetUnavailableError(
            f"{target.name} is not traced: only boards that QEMU emulates without an operating system are",
            hint="`west mlforge targets` lists them, such as mps2/an386",
        )
    return target
