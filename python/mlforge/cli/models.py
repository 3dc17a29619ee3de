"""Reading a model file that a user named, for the commands that take one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from mlforge.errors import ModelError

MAX_MODEL_BYTES: Final = 32 * 1024 * 1024


def read_model_file(path: Path) -> bytes:
    """The file's bytes. Raises ModelError where it cannot be read, LockError where a lock beside it names another."""
    from mlforge.app.lockfile import check_against_lock

    if path.exists() and not path.is_file():
        raise ModelError(f"{path}: not a file")
    try:
        with path.open("rb") as file:
            data = file.read(MAX_MODEL_BYTES + 1)
    except OSError as error:
        raise ModelError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    if len(data) > MAX_MODEL_BYTES:
        raise ModelError(f"{path}: larger than {MAX_MODEL_BYTES // 2**20} MiB")
    check_against_lock(path, data)
    return data


def model_name(path: Path) -> str:
    """A C identifier made of the file's name."""
    return (re.sub(r"\W", "_", path.stem, flags=re.ASCII).strip("_") or "model")[:32] if path.stem else "model"
