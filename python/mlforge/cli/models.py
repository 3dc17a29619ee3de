"""Reading a model file that a user named, for the commands that take one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from mlforge.errors import ModelError

MAX_MODEL_BYTES: Final = 32 * 1024 * 1024


def read_model_file(path: Path, *, sources: bool = False) -> bytes:
    """The file's bytes: of a `.tflite` model, or with `sources` also of what a build makes one of.

    Raises:
        ModelError: the file cannot be read, or holds something else, which is named.
        LockError: a lock beside it names another.
    """
    from mlforge.app.lockfile import check_against_lock
    from mlforge.compiler.model_kind import SOURCES, ModelKind, model_kind, other_kind

    if path.exists() and not path.is_file():
        raise _no_file(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_MODEL_BYTES + 1)
    except OSError as error:
        raise ModelError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    if len(data) > MAX_MODEL_BYTES:
        raise ModelError(f"{path}: larger than {MAX_MODEL_BYTES // 2**20} MiB")
    kind = model_kind(data)
    if kind is not ModelKind.TFLITE and not (sources and kind in SOURCES):
        raise other_kind(kind, str(path))
    check_against_lock(path, data)
    return data


def model_name(path: Path) -> str:
    """A C identifier made of the file's name."""
    return (re.sub(r"\W", "_", path.stem, flags=re.ASCII).strip("_") or "model")[:32] if path.stem else "model"


def _no_file(path: Path) -> ModelError:
    if (path / "saved_model.pb").is_file():
        return ModelError(
            f"{path}: this is a SavedModel of TensorFlow",
            hint="tf.lite.TFLiteConverter.from_saved_model(DIR).convert() writes a float .tflite, which "
            "`west mlforge import` takes",
        )
    return ModelError(f"{path}: not a file")
