"""Files that trials leave behind (models), stored by content hash beside the study."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from mlforge.errors import StudyError


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def write_atomically(path: Path, data: bytes) -> None:
    """Writes so that a killed process leaves the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(scratch, 0o644)  # noqa: PTH101 - mkstemp makes it private
        Path(scratch).replace(path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise


class ArtefactStore:
    """A directory whose files are named by the SHA-256 of their content."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def put(self, data: bytes) -> str:
        """Stores `data` and returns its hash."""
        name = sha256(data)
        path = self._directory / name
        if not path.is_file():
            write_atomically(path, data)
        return name

    def get(self, name: str) -> bytes:
        """Raises StudyError where the artefact is missing or was changed."""
        try:
            data = (self._directory / name).read_bytes()
        except OSError as error:
            raise StudyError(
                f"the study's artefact {name[:12]}… is missing", hint="delete .mlforge to start afresh"
            ) from error
        if sha256(data) != name:
            raise StudyError(f"the study's artefact {name[:12]}… is damaged", hint="delete .mlforge to start afresh")
        return data
