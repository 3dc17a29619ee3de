"""Float models as a source of a build: quantised once, then remembered by the hash of model and data.

TensorFlow runs only where a model is quantised for the first time: neither for an int8 model nor for one that this
build directory or MLForge's cache remembers.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.graph import DType
from mlforge.compiler.model_kind import CLASSICAL, ModelKind, model_kind
from mlforge.compiler.still_float import refuse_still_float
from mlforge.compiler.tflite_reader import read_tflite
from mlforge.errors import DataError, ForgeError, ModelError, TrainingError, UnsupportedOperatorError
from mlforge.records.npz import read_npz
from mlforge.toolchain.cache import cached, digest
from mlforge.toolchain.files import write_atomically
from mlforge.toolchain.packages import needed
from mlforge.training.floats import Format, Quantisation, check_archive

IMPORTED: Final = frozenset({ModelKind.ONNX, ModelKind.TORCH_EXPORT}) | CLASSICAL  # by a converter or a reader
MAX_EXAMPLES: Final = 10_000
_MAX_EXAMPLES_BYTES: Final = 512 << 20
_HOW: Final = "1"  # how models are quantised: another number where the same inputs would now give other bytes
_FILE: Final = "model.tflite"


def float_format(data: bytes) -> Format | None:
    """Of what kind a float model is; None for one that has int8 tensors, or is no model at all.

    Raises:
        ModelError: a damaged `.tflite`, or one with operators that the engine does not have.
    """
    if data[:2] == b"PK":
        return Format.KERAS
    if data[4:8] != b"TFL3":
        return None
    types = {tensor.dtype for tensor in read_tflite(data).tensors}
    return Format.TFLITE if DType.FLOAT32 in types and not types & {DType.INT8, DType.INT16} else None


def int8_model(model: Path, data: bytes, representative: Path | None, kept: Path) -> bytes:
    """The int8 model that a model file comes to: `data` itself where that is int8.

    Args:
        representative: an .npz file with `x`, float [N, *input_shape]: what the model is fed with in the field.
        kept: a directory of the build, in which quantised models are remembered besides in the cache.

    Raises:
        ModelError: a model that is not accepted, damaged, or needs representative data that were not given.
        DataError: unusable representative data.
        TrainingError: TensorFlow is missing, or could not quantise the model.
    """
    found = model_kind(data)
    kind = None if found in IMPORTED else float_format(data)
    if kind is None and found not in IMPORTED:
        _check_int8(model, data)
        if representative is not None:
            raise ModelError(f"{model} is int8 already", hint="omit the representative data")
        return data
    if representative is None:
        raise ModelError(
            f"{model} is a float model: quantising it needs representative data",
            hint="--representative F.npz (in CMake: REPRESENTATIVE F.npz) with an array `x` of some hundred inputs",
        )
    if kind is None:
        return _imported(model, examples(representative), kept)
    return _remembered(model, Quantisation(data, kind, examples(representative)), kept)


def _check_int8(model: Path, data: bytes) -> None:
    """Raises ModelError for an "int8" model that is still float."""
    if model_kind(data) is ModelKind.TFLITE:
        try:
            refuse_still_float(read_tflite(data))
        except UnsupportedOperatorError:
            raise
        except ModelError as error:
            raise ModelError(f"{model}: {error.message}", hint=error.hint) from error


def _imported(model: Path, x: NDArray[np.float32], kept: Path) -> bytes:
    """By a converter, which only runs where neither the cache nor the build directory remembers its answer."""
    from mlforge.app.import_model import Source, import_key, import_model

    own = kept / f"{import_key(Source(model), x)[:32]}.tflite"
    if own.is_file():
        return own.read_bytes()
    data = import_model(Source(model), x).tflite
    try:
        write_atomically(own, data)
    except OSError as error:
        raise ForgeError(f"{error.filename} cannot be written: {error.strerror}") from error
    return data


def examples(path: Path) -> NDArray[np.float32]:
    """The array `x` of an .npz file, or its only array, as float32 [N, ...]. Raises DataError."""
    arrays = read_npz(path, _MAX_EXAMPLES_BYTES)
    if "x" not in arrays and len(arrays) != 1:
        raise DataError(f"holds {', '.join(sorted(arrays)) or 'no arrays'}: expected `x`", file=path)
    x = arrays.get("x", next(iter(arrays.values())))
    if x.dtype.kind not in "fiu" or x.ndim < 2 or not 1 <= len(x) <= MAX_EXAMPLES:
        raise DataError(
            f"x is {x.dtype} {list(x.shape)}: expected numbers, [N, ...] with N from 1 to {MAX_EXAMPLES}", file=path
        )
    given = np.ascontiguousarray(x, np.float32)
    if not np.isfinite(given).all():
        raise DataError("x holds values that are not finite", file=path)
    return given


def _remembered(model: Path, job: Quantisation, kept: Path) -> bytes:
    key = digest([_HOW, job.format, job.model, str(job.x.shape), job.x.tobytes()])
    own = kept / f"{key[:32]}.tflite"
    if own.is_file():
        return own.read_bytes()
    try:
        place = cached("int8", key, lambda scratch: write_atomically(scratch / _FILE, _quantised(model, job)))
        data = (place / _FILE).read_bytes()
        write_atomically(own, data)
    except OSError as error:
        raise ForgeError(f"{error.filename} cannot be written: {error.strerror}") from error
    return data


def _quantised(model: Path, job: Quantisation) -> bytes:
    from mlforge.training.trainer import Trainer

    try:
        if job.format is Format.KERAS:
            check_archive(job.model)
        if importlib.util.find_spec("tensorflow") is None or importlib.util.find_spec("keras") is None:
            raise TrainingError(
                "quantising it needs TensorFlow, which this Python does not have",
                hint=f"{needed('train')}, or name a Python that has it (in CMake: -DMLFORGE_PYTHON=<path>)",
            )
        trainer = Trainer()
        try:
            return trainer.quantise(job)
        finally:
            trainer.close()
    except TrainingError as error:
        raise TrainingError(f"{model}: {error.message}", log=error.log, hint=error.hint) from error
    except ModelError as error:
        raise ModelError(f"{model}: {error.message}", hint=error.hint) from error
