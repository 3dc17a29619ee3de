"""Files that trials leave behind (models), stored by content hash: beside the study, or in the database that machines
share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mlforge.errors import StudyError
from mlforge.toolchain.files import sha256, write_atomically

if TYPE_CHECKING:
    from mlforge.study.memory.database import Database


class Artefacts(Protocol):
    """Byte strings by the SHA-256 of their content. Safe to use from several threads and processes."""

    def put(self, data: bytes) -> str:
        """Stores `data` and returns its hash."""
        ...

    def get(self, name: str) -> bytes:
        """Raises StudyError where the artefact is missing or was changed."""
        ...


class ArtefactStore:
    """A directory whose files are named by the SHA-256 of their content."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def put(self, data: bytes) -> str:
        name = sha256(data)
        path = self._directory / name
        if not path.is_file():
            write_atomically(path, data)
        return name

    def get(self, name: str) -> bytes:
        try:
            data = (self._directory / name).read_bytes()
        except OSError as error:
            raise _missing(name) from error
        return _checked(name, data)


@dataclass(frozen=True, slots=True)
class DatabaseArtefacts:
    """The table `mlforge_files`: a model is a few ten KiB, and every machine of the study can read it."""

    database: Database

    def put(self, data: bytes) -> str:
        from sqlalchemy import text

        name = sha256(data)
        insert = "INSERT INTO mlforge_files (sha256, content) VALUES (:name, :data) ON CONFLICT DO NOTHING"
        with self.database.writing() as connection:
            connection.execute(text(insert), {"name": name, "data": data})
        return name

    def get(self, name: str) -> bytes:
        from sqlalchemy import text

        with self.database.reading() as connection:
            row = connection.execute(
                text("SELECT content FROM mlforge_files WHERE sha256 = :name"), {"name": name}
            ).first()
        if row is None:
            raise _missing(name)
        return _checked(name, bytes(row[0]))


def artefacts_of(database: Database, app: Path) -> Artefacts:
    """Files beside the app; in the database itself where other machines need them."""
    return DatabaseArtefacts(database) if database.shared else ArtefactStore(app / ".mlforge" / "artefacts")


def _checked(name: str, data: bytes) -> bytes:
    if sha256(data) != name:
        raise StudyError(f"the study's artefact {name[:12]}… is damaged", hint="delete .mlforge to start afresh")
    return data


def _missing(name: str) -> StudyError:
    return StudyError(f"the study's artefact {name[:12]}… is missing", hint="delete .mlforge to start afresh")
