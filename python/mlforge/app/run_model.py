"""One model on one target, without a contract: compiled, built, run on vectors, measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mlforge.app.model import read_model, with_features
from mlforge.app.tflm_arena_search import find_arena
from mlforge.app.vectors import AnyArray, Vectors, from_bytes, random_inputs, to_bytes
from mlforge.compiler.emitter import CompiledModel, compile_graph
from mlforge.compiler.isa import Isa
from mlforge.compiler.streaming import Hop
from mlforge.compiler.tflite_reader import read_tflite
from mlforge.compiler.tflm import TflmModel, compile_tflm
from mlforge.errors import TargetUnavailableError
from mlforge.features.pipeline import Pipeline
from mlforge.measure.cost import measure_cost
from mlforge.measure.footprint import Footprint, footprint
from mlforge.records.cost import Cost
from mlforge.records.program import Engine, Prefer, Program
from mlforge.records.waits import NO_WAITS, FlashWaits
from mlforge.targets.target import Target
from mlforge.targets.zephyr import ZephyrTarget

MEASURED_INPUTS: Final = 3  # inferences that are counted
RANDOM_INPUTS: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class ModelRun:
    """`outputs` has an array [N, *output_shape] for each output of the model, of its type. `cost`, and `image`, which
    is all of the image whoever uses it, are None on targets that measure nothing. `mismatches` counts the vectors with
    outputs that are not the expected bytes; None where none were given.
    """

    compiled: CompiledModel | TflmModel
    image: Footprint | None
    outputs: tuple[AnyArray, ...]
    cost: Cost | None
    mismatches: int | None


def run_model(
    tflite: bytes,
    name: str,
    target: Target,
    clock_hz: int,
    vectors: Vectors | None = None,
    features: Pipeline | None = None,
    engine: Engine = Engine.STATIC,
    hop: Hop | None = None,
    prefer: Prefer = Prefer.SPEED,
    waits: FlashWaits = NO_WAITS,
) -> ModelRun:
    """Runs the vectors (random ones where none are given) and measures. Features are built in, but not measured. For
    TensorFlow Lite Micro, first finds the size of its arena. With `hop`, each vector is the new columns of a stream.
    `prefer` chooses kernels of the static engine. `waits`: of the product's flash.

    Raises:
        ModelError, BuildError, RunError: the model cannot be compiled, built or run.
        TargetUnavailableError: the engine is one that only Zephyr builds, and the target none of Zephyr's.
        DataError: the vectors do not have the model's types and sizes.
    """
    compiled, program = (
        _interpreted(tflite, name, target, features, engine)
        if engine.interprets
        else _compiled(tflite, name, Isa(target.isa), features, hop, prefer)
    )
    given = vectors.inputs if vectors else random_inputs(compiled.inputs, RANDOM_INPUTS)
    inputs = to_bytes(given, compiled.inputs, "input")
    expected = to_bytes(vectors.expected, compiled.outputs, "output") if vectors and vectors.expected else None
    firmware = target.build(program)
    outputs = target.infer(firmware, inputs).outputs
    cost = measure_cost(target, firmware, inputs[:MEASURED_INPUTS], clock_hz, waits=waits) if target.measures else None
    mismatches = None if expected is None else int((outputs != expected).any(axis=1).sum())
    image = footprint(firmware.elf) if target.measures else None
    return ModelRun(compiled, image, from_bytes(outputs, compiled.outputs), cost, mismatches)


def _interpreted(
    tflite: bytes, name: str, target: Target, features: Pipeline | None, engine: Engine
) -> tuple[CompiledModel | TflmModel, Program]:
    if not isinstance(target, ZephyrTarget):
        raise TargetUnavailableError(
            f"{target.name} cannot run {engine}: TensorFlow Lite Micro is a Zephyr module",
            hint="choose a target zephyr:BOARD",
        )
    found = find_arena(tflite, name, target, engine, features)
    compiled = compile_tflm(tflite, name, found.arena_bytes, engine)
    return compiled, with_features(compiled, features)[1] if features else compiled.program


def _compiled(
    tflite: bytes, name: str, isa: Isa, features: Pipeline | None, hop: Hop | None, prefer: Prefer
) -> tuple[CompiledModel | TflmModel, Program]:
    if features is None:
        compiled = compile_graph(read_tflite(tflite), name, isa, hop, prefer)
        return compiled, compiled.program
    model = read_model(tflite, name, features, isa)
    return model.compiled, model.program
