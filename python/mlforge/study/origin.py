"""A trained model from elsewhere as the first candidate of a study, and as the teacher of the others.

It is quantised with training examples of the contract. Its input must have the features' values, channels last or
first; its outputs are the contract's classes in their order, its values, or for anomaly its input again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.app.import_model import Source, import_model
from mlforge.app.import_report import Imported as ImportedModel
from mlforge.app.import_report import ImportReport
from mlforge.app.prepare import Prepared
from mlforge.app.representative import evenly
from mlforge.compiler.graph import DType
from mlforge.compiler.tflite_reader import read_tflite
from mlforge.contract.contract import Contract, Execution, Task
from mlforge.errors import DataError, ForgeError, ModelError
from mlforge.records.architecture import Architecture, Head, Imported
from mlforge.toolchain.files import sha256

_MAX_NAME: Final = 80


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """`int8` and `floats` are the artefacts that `architecture` names. `teaches`: networks can learn from it."""

    architecture: Architecture
    int8: bytes
    floats: bytes
    report: ImportReport
    teaches: bool


def origin_of(contract: Contract, prepared: Prepared, source: Source) -> Origin:
    """Imports the model for the contract.

    Raises:
        ModelError: it cannot be imported, or does not suit the contract.
        ToolError, TrainingError: as of `import_model`.
    """
    _refuse(contract)
    found = _imported(evenly(prepared.train.x), source)
    if found.report.engine:
        raise ModelError(f"{source.path}: MLForge's engine cannot compile it: {found.report.engine}")
    _check(contract, prepared, source, found)
    layer = Imported(sha256(found.tflite), sha256(found.floats), source.path.name[:_MAX_NAME])
    head = Head.SOFTMAX if contract.task is Task.CLASSIFICATION else Head.LINEAR
    architecture = Architecture(prepared.pipeline.input_shape, (), prepared.outputs, head, imported=layer)
    teaches = found.is_network and contract.task is not Task.ANOMALY
    return Origin(architecture, found.tflite, found.floats, found.report, teaches)


def described(origin: Origin) -> str:
    """A sentence: what became of the model on the way to int8."""
    report, name = origin.report, origin.architecture.imported.name if origin.architecture.imported else ""
    alike = "" if report.int8_agreement is None else f", {report.int8_agreement:.1%} of {report.examples} decided alike"
    teaches = "; smaller networks learn from it" if origin.teaches else ""
    return f"from {name}: int8 by {report.converter}, error {report.int8_error:.2g}{alike}{teaches}"


def _refuse(contract: Contract) -> None:
    """Raises ModelError for what trains each candidate again, or makes several kinds of inputs."""
    if contract.data.split.folds:
        raise ModelError(
            "--from with `split: {folds: …}`: finalists are trained in every fold, which a trained model cannot be",
            hint="split by shares: `split: {group: …, validate: 0.2, test: 0.2}`",
        )
    if len(contract.front_ends) > 1:
        raise ModelError(
            "--from with several front ends: a trained model takes the features of one",
            hint="leave the choices out of `features`",
        )
    if contract.execution is Execution.STREAM:
        raise ModelError("--from with `execution: stream`: a trained model takes whole windows")


def _imported(x: NDArray[np.float32], source: Source) -> ImportedModel:
    """In the first layout of the features that the model takes. Raises the error of the first where there is none."""
    first: ForgeError | None = None
    for given in _layouts(x):
        try:
            found = import_model(source, given, int8=True)
        except (ModelError, DataError) as error:
            first = first or error
            continue
        places = next(arranged for arranged in _layouts(_places(x)) if arranged.shape[1:] == given.shape[1:])
        ordered = places.transpose(0, *(1 + axis for axis in found.report.input_order))
        if np.array_equal(ordered.reshape(-1), np.arange(ordered.size)):
            return found
        first = ModelError(f"{source.path}: it takes its values in another order than the features have")
    raise first or ModelError(f"{source.path}: no layout of the features suits it")


def _places(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.arange(prod(x.shape[1:]), dtype=np.float32).reshape(1, *x.shape[1:])


def _layouts(x: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """As they are, without axes of one, channels first, and as one vector: each shape once."""
    narrow = x.reshape(len(x), *([size for size in x.shape[1:] if size > 1] or [1]))
    shapes: set[tuple[int, ...]] = set()
    for given in (x, narrow, np.moveaxis(x, -1, 1), np.moveaxis(narrow, -1, 1), x.reshape(len(x), -1)):
        if given.shape not in shapes:
            shapes.add(given.shape)
            yield np.ascontiguousarray(given)


def _check(contract: Contract, prepared: Prepared, source: Source, found: ImportedModel) -> None:
    graph = read_tflite(found.tflite)
    x, y = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
    if (x.dtype, y.dtype) != (DType.INT8, DType.INT8):
        raise ModelError(f"{source.path}: it takes {x.dtype} and gives {y.dtype}: a study compares int8 models")
    expected = x.elements if contract.task is Task.ANOMALY else prepared.outputs
    if y.elements != expected:
        raise ModelError(f"{source.path}: it has {y.elements} outputs, the contract {expected}")
