"""Where an app's own files lie that no build takes: the study's memory, and what `auto` measured."""

from __future__ import annotations

from pathlib import Path

from mlforge.errors import StudyError
from mlforge.toolchain.files import write_atomically


def memory_directory(app: Path) -> Path:
    """`.mlforge` beside the app, made where it is missing: git ignores it by itself. Raises StudyError."""
    directory = app / ".mlforge"
    try:
        directory.mkdir(exist_ok=True)
        if not (ignore := directory / ".gitignore").is_file():
            write_atomically(ignore, b"*\n")
    except OSError as error:
        raise StudyError(
            f"cannot write {directory}: {error.strerror}", hint="the study's memory lies beside the app"
        ) from error
    return directory
