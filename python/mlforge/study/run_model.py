"""One model on one target, without a contract: compiled, built, run on vectors, measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.emitter import CompiledModel, compile_graph
from mlforge.compiler.isa import Isa
from mlforge.compiler.tflite_reader import read_tflite
from mlforge.errors import DataError
from mlforge.measure.cost import measure_cost
from mlforge.records.cost import Cost
from mlforge.targets.target import Target

MEASURED_INPUTS: Final = 3  # inferences that are counted
RANDOM_INPUTS: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class ModelRun:
    """`outputs` int8 [N, *output_shape]. `cost` is None on targets that do not count instructions. `mismatches` counts
    the vectors whose outputs are not the expected ones; None where none were given."""

    compiled: CompiledModel
    outputs: NDArray[np.int8]
    cost: Cost | None
    mismatches: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Vectors:
    """`inputs` int8 [N, ...]; `expected` outputs int8 [N, ...] where the file has them."""

    inputs: NDArray[np.int8]
    expected: NDArray[np.int8] | None


def read_vectors(path: Path) -> Vectors:
    """An `.npz` file with `input` and, optionally, `output`, batch first. Raises DataError for anything else."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"not an .npz file of arrays: {error}", file=path) from error
    if "input" not in arrays:
        raise DataError(f"no array `input`; found {', '.join(sorted(arrays)) or 'none'}", file=path)
    for name in ("input", "output"):
        if name in arrays and (arrays[name].dtype != np.int8 or arrays[name].ndim < 1 or not arrays[name].size):
            raise DataError(f"`{name}` is {arrays[name].dtype} {arrays[name].shape}, expected int8 [N, ...]", file=path)
    expected = arrays.get("output")
    if expected is not None and len(expected) != len(arrays["input"]):
        raise DataError(f"{len(arrays['input'])} inputs and {len(expected)} outputs", file=path)
    return Vectors(arrays["input"], expected)


def run_model(tflite: bytes, name: str, target: Target, clock_hz: int, vectors: Vectors | None = None) -> ModelRun:
    """Runs the vectors (random ones where none are given) and measures.

    Raises:
        ModelError, BuildError, RunError: the model cannot be compiled, built or run.
        DataError: the vectors are not the model's size.
    """
    compiled = compile_graph(read_tflite(tflite), name, Isa(target.isa))
    inputs = _flat(vectors, compiled)
    firmware = target.build(compiled.program)
    outputs = target.infer(firmware, inputs).outputs
    cost = measure_cost(target, firmware, inputs[:MEASURED_INPUTS], clock_hz) if target.counts_instructions else None
    mismatches = None
    if vectors is not None and vectors.expected is not None:
        expected = vectors.expected.reshape(len(inputs), -1)
        if expected.shape != outputs.shape:
            raise DataError(f"`output` has {expected.shape[1]} values a vector, the model makes {outputs.shape[1]}")
        mismatches = int((outputs != expected).any(axis=1).sum())
    shape = compiled.outputs[0].shape[1:] if len(compiled.outputs) == 1 else (-1,)
    return ModelRun(compiled, outputs.reshape(len(outputs), *shape), cost, mismatches)


def _flat(vectors: Vectors | None, compiled: CompiledModel) -> NDArray[np.int8]:
    wanted = compiled.program.input_bytes
    if vectors is None:
        return np.random.default_rng(0).integers(-128, 128, (RANDOM_INPUTS, wanted), dtype=np.int8)
    inputs = np.ascontiguousarray(vectors.inputs.reshape(len(vectors.inputs), -1))
    if inputs.shape[1] != wanted:
        raise DataError(f"`input` has {inputs.shape[1]} values a vector, the model takes {wanted}")
    return inputs
