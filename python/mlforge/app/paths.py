"""Where an app's own files lie that no build takes: the study's memory, and what `auto` measured."""

from __future__ import annotations

from pathlib import Path

from mlforge.contract.json_schema import FILE, json_schema_text
from mlforge.errors import StudyError
from mlforge.toolchain.files import write_atomically, write_changed


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


def write_editor_schema(app: Path) -> None:
    """What editors complete a contract by, which its first line names. Raises StudyError where it cannot be written."""
    memory_directory(app)
    write_changed(app / FILE, json_schema_text().encode())
