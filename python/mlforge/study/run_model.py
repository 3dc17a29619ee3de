"""One model on one target, without a contract: compiled, built, run on vectors, measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mlforge.compiler.emitter import CompiledModel, compile_graph
from mlforge.compiler.isa import Isa
from mlforge.compiler.tflite_reader import read_tflite
from mlforge.features.pipeline import Pipeline
from mlforge.measure.cost import measure_cost
from mlforge.records.cost import Cost
from mlforge.records.program import Program
from mlforge.study.model import read_model
from mlforge.study.vectors import AnyArray, Vectors, from_bytes, random_inputs, to_bytes
from mlforge.targets.target import Target

MEASURED_INPUTS: Final = 3  # inferences that are counted
RANDOM_INPUTS: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class ModelRun:
    """`outputs` has an array [N, *output_shape] for each output of the model, of its type. `cost` is None on targets
    that measure nothing. `mismatches` counts the vectors with outputs that are not the expected bytes; None
    where none were given.
    """

    compiled: CompiledModel
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
) -> ModelRun:
    """Runs the vectors (random ones where none are given) and measures. Features are built in, but not measured.

    Raises:
        ModelError, BuildError, RunError: the model cannot be compiled, built or run.
        DataError: the vectors do not have the model's types and sizes.
    """
    compiled, program = _compiled(tflite, name, Isa(target.isa), features)
    given = vectors.inputs if vectors else random_inputs(compiled.inputs, RANDOM_INPUTS)
    inputs = to_bytes(given, compiled.inputs, "input")
    expected = to_bytes(vectors.expected, compiled.outputs, "output") if vectors and vectors.expected else None
    firmware = target.build(program)
    outputs = target.infer(firmware, inputs).outputs
    cost = measure_cost(target, firmware, inputs[:MEASURED_INPUTS], clock_hz) if target.measures else None
    mismatches = None if expected is None else int((outputs != expected).any(axis=1).sum())
    return ModelRun(compiled, from_bytes(outputs, compiled.outputs), cost, mismatches)


def _compiled(tflite: bytes, name: str, isa: Isa, features: Pipeline | None) -> tuple[CompiledModel, Program]:
    if features is None:
        compiled = compile_graph(read_tflite(tflite), name, isa)
        return compiled, compiled.program
    model = read_model(tflite, name, features, isa)
    return model.compiled, model.program
