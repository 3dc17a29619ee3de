"""The timeline of a locked model with its features, or of a model alone, on an emulated board."""

from __future__ import annotations

import json
from typing import Final

import numpy as np

from mlforge.app.lockfile import locked_model, read_lock
from mlforge.app.model import read_model
from mlforge.compiler.emitter import compile_graph
from mlforge.compiler.isa import Isa
from mlforge.compiler.tflite_reader import read_tflite
from mlforge.contract.contract import Contract
from mlforge.errors import TargetUnavailableError
from mlforge.features.pipeline import Pipeline
from mlforge.records.timeline import Timeline
from mlforge.targets.baremetal import BaremetalTarget
from mlforge.targets.target import Target

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


def _emulated(target: Target) -> BaremetalTarget:
    if not isinstance(target, BaremetalTarget):
        raise TargetUnavailableError(
            f"{target.name} is not traced: only boards that QEMU emulates without an operating system are",
            hint="`west mlforge targets` lists them, such as mps2/an386",
        )
    return target
