"""A trained model of another framework as an int8 `.tflite`: converted, quantised, and compared at three stages.

TensorFlow and converters run only where model and data are new; what came of them is remembered by their hash.
"""

from __future__ import annotations

import dataclasses
import json
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlforge.app.import_classical import import_classical, is_read
from mlforge.app.import_report import Departure, Imported, ImportReport, agreement
from mlforge.compiler.emitter import compile_graph
from mlforge.compiler.model_kind import CLASSICAL, ModelKind, model_kind, of_scikit_learn, other_kind
from mlforge.compiler.still_float import refuse_still_float
from mlforge.compiler.tflite_reader import read_tflite
from mlforge.errors import ModelError, TrainingError
from mlforge.importing.convert import Conversion, from_onnx, from_torch
from mlforge.toolchain.cache import cached, digest
from mlforge.toolchain.environment import ONNX, TORCH
from mlforge.toolchain.files import write_atomically
from mlforge.training.floats import Comparison, Format, Quantisation, Stages, check_archive
from mlforge.training.trainer import Trainer

COMPARED: Final = 64  # examples that all stages compute
FLOAT_TOLERANCE: Final = 1e-3  # of the float model, relative; rounding alone stays far below
INT8_TOLERANCE: Final = 0.15  # of an int8 operator, relative: beyond what eight bits cost
_MAX_BYTES: Final = 2 << 30  # what protobuf and flatbuffers can hold
_HOW: Final = "2"  # another number where the same inputs would now give other bytes
_MODEL, _FLOAT_MODEL, _REPORT = "model.tflite", "float.model", "report.json"
_FLOATS: Final = {ModelKind.TFLITE: Format.TFLITE, ModelKind.KERAS: Format.KERAS}


@dataclass(frozen=True, slots=True)
class Source:
    """`factory`: of a Python file, the function that returns a torch.nn.Module; `weights` are loaded into it."""

    path: Path
    factory: str = ""
    weights: Path | None = None


def import_model(source: Source, x: NDArray[np.float32], *, int8: bool = False) -> Imported:
    """The int8 model, remembered.

    Args:
        x: representative examples, float32 [N, *shape], in the layout of the source.
        int8: of trees and linear models, int8 features and results, however much that changes.

    Raises:
        ModelError: the model is of no kind that can be imported, is damaged, or one of its operators cannot be had.
        ToolError: a converter's environment cannot be installed.
        TrainingError: TensorFlow is missing, or could not quantise the model.
    """
    data = _read(source.path)
    kind = None if source.factory else _kind(source, data)
    if is_read(kind, data):
        return import_classical(source.path, kind, data, x, int8=int8)
    place = cached("imports", import_key(source, x), lambda scratch: _make(source, kind, data, x, scratch))
    report = _report(json.loads((place / _REPORT).read_text(encoding="utf-8")))
    return Imported((place / _MODEL).read_bytes(), report, (place / _FLOAT_MODEL).read_bytes(), is_network=True)


def import_key(source: Source, x: NDArray[np.float32]) -> str:
    """The hash of all that an import depends on. Raises ModelError where a file cannot be read."""
    weights = _read(source.weights) if source.weights else b""
    locks = ONNX.lock.read_bytes(), TORCH.lock.read_bytes()
    return digest([_HOW, *locks, *TORCH.pinned, _read(source.path), source.factory, weights, str(x.shape), x.tobytes()])


def _read(path: Path) -> bytes:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # a pipe would be waited for
            raise ModelError(f"{path}: {'is a directory' if stat.S_ISDIR(found.st_mode) else 'not a file'}")
        if found.st_size > _MAX_BYTES:
            raise ModelError(f"{path}: larger than {_MAX_BYTES >> 30} GiB")
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise ModelError(f"{path}: {(getattr(error, 'strerror', None) or str(error)).lower()}") from error


def _kind(source: Source, data: bytes) -> ModelKind:
    kind = model_kind(data)
    if kind not in (ModelKind.ONNX, ModelKind.TORCH_EXPORT, *CLASSICAL, *_FLOATS):
        if source.path.suffix == ".py":
            raise ModelError(
                f"{source.path}: which function makes the network?", hint=f"{source.path}:FACTORY, without arguments"
            )
        raise other_kind(kind, str(source.path))
    return kind


def _make(source: Source, kind: ModelKind | None, data: bytes, x: NDArray[np.float32], scratch: Path) -> None:
    converted = None
    if kind is ModelKind.ONNX:
        converted = _from_onnx(source.path, data, x)
    elif kind not in _FLOATS:
        converted = from_torch(source.path, x, source.factory, source.weights)
    if kind is ModelKind.KERAS:
        check_archive(data)
    floats, form = (converted.tflite, Format.TFLITE) if converted else (data, _FLOATS[kind or ModelKind.TFLITE])
    ordered = np.ascontiguousarray(x.transpose(0, *(1 + axis for axis in converted.input_order))) if converted else x
    try:
        with Trainer() as trainer:
            int8 = trainer.quantise(Quantisation(floats, form, ordered))
            stages = trainer.compare(Comparison(floats, form, int8, ordered[:COMPARED]))
    except TrainingError as error:
        raise TrainingError(f"{source.path}: {error.message}", log=error.log, hint=error.hint) from error
    report = _compared(converted, form, x, stages, _engine(source.path, int8))
    write_atomically(scratch / _MODEL, int8)
    write_atomically(scratch / _FLOAT_MODEL, floats)
    write_atomically(scratch / _REPORT, json.dumps(dataclasses.asdict(report), indent=1).encode())


def _from_onnx(path: Path, data: bytes, x: NDArray[np.float32]) -> Conversion:
    try:
        return from_onnx(path, x)
    except ModelError as error:
        if b"ai.onnx.ml" not in data:
            raise
        raise ModelError(error.message, hint=of_scikit_learn(str(path))) from error


def _engine(path: Path, int8: bytes) -> str:
    """Raises ModelError for an "int8" model that is still float."""
    try:
        graph = read_tflite(int8)
    except ModelError as error:
        return str(error)
    try:
        refuse_still_float(graph)
    except ModelError as error:
        raise ModelError(f"{path}: quantised, {error.message}") from error
    try:
        compile_graph(graph, "imported")
    except ModelError as error:
        return str(error)
    return ""


def _compared(
    converted: Conversion | None, form: Format, x: NDArray[np.float32], stages: Stages, engine: str
) -> ImportReport:
    source = converted.outputs[:COMPARED] if converted else stages.source
    framework = {Format.KERAS: "Keras", Format.TFLITE: "TensorFlow Lite"}[form]
    float_error, int8_error = _relative(source, stages.floats), _relative(source, stages.int8)
    return ImportReport(
        framework=converted.framework if converted else framework,
        converter=converted.converter if converted else "TensorFlow",
        source_shape=tuple(x.shape[1:]),
        input_order=converted.input_order if converted else tuple(range(x.ndim - 1)),
        examples=len(stages.source),
        float_error=float_error,
        int8_error=int8_error,
        float_agreement=agreement(source, stages.floats),
        int8_agreement=agreement(source, stages.int8),
        departure=_departure(converted, stages, float_error, int8_error),
        engine=engine,
    )


def _departure(converted: Conversion | None, stages: Stages, float_error: float, int8_error: float) -> Departure | None:
    """Of the float model, the operator behind the last that agrees with the source: where a converter merges operators,
    single results within may differ. Of the int8 model, the first beyond the tolerance."""
    if converted and float_error > FLOAT_TOLERANCE:
        agree = [at for at, one in enumerate(converted.operators) if one.error <= FLOAT_TOLERANCE]
        behind = converted.operators[agree[-1] + 1 if agree else 0 :]
        first = behind[0] if behind else None
        return Departure("float", first.kind if first else "?", first.name if first else "output", float_error)
    if int8_error > INT8_TOLERANCE:
        for one in stages.operators:
            if one.error > INT8_TOLERANCE:
                return Departure("int8", one.kind, one.name, one.error)
    return None


def _relative(source: NDArray[np.float32], ours: NDArray[np.float32]) -> float:
    """The root mean square of the difference, as a share of the source's values. Layouts of outputs may differ: the
    smallest over the orders of axes that fit."""
    from itertools import permutations

    orders = [order for order in permutations(range(1, source.ndim)) if _shape(source, order) == ours.shape[1:]]
    size = float(np.sqrt(np.mean(source.astype(np.float64) ** 2)))
    errors = [float(np.sqrt(np.mean((source.transpose(0, *o).astype(np.float64) - ours) ** 2))) for o in orders]
    if not errors:
        flat = source.reshape(len(source), -1).astype(np.float64)
        errors = [float(np.sqrt(np.mean((flat - ours.reshape(len(ours), -1)) ** 2)))]
    return min(errors) / size if size else min(errors)


def _shape(source: NDArray[np.float32], order: Sequence[int]) -> tuple[int, ...]:
    return tuple(source.shape[axis] for axis in order)


def _report(document: dict[str, Any]) -> ImportReport:
    departure = document.pop("departure")
    document["source_shape"], document["input_order"] = tuple(document["source_shape"]), tuple(document["input_order"])
    return ImportReport(**document, departure=Departure(**departure) if departure else None)
