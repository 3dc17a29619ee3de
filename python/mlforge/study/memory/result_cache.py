"""What was measured before is not measured again: results by the hash of everything that they depend on.

A result is a function of its key alone, whichever study, proposer, seed or limits asked for it. The key holds the code
of MLForge and the versions of the tools as well, so an update forgets everything. Models and arrays are artefacts; a
result whose artefact is gone or damaged is measured again.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from typing import Any, Final, Generic, Protocol, TypeGuard, TypeVar, get_origin

import numpy as np
from cattrs.preconf.json import JsonConverter
from numpy.typing import NDArray

from mlforge.errors import StudyError
from mlforge.records.architecture import Convolution, Layer
from mlforge.records.program import Program
from mlforge.records.serial import new_converter, structure
from mlforge.study.memory.artefacts import Artefacts
from mlforge.study.memory.database import Database
from mlforge.toolchain.cache import digest, digest_files
from mlforge.toolchain.sources import PACKAGE, python_sources, root
from mlforge.training.request import TrainingRequest

T = TypeVar("T")
CODE: Final = ("runtime", "firmware", "ports")  # besides the Python package
_SUFFIXES: Final = frozenset({".py", ".c", ".h", ".S", ".ld", ".j2", ".yaml", ".json"})


@dataclass(frozen=True, slots=True)
class Cached(Generic[T]):
    """A value, and whether it came from memory."""

    value: T
    from_cache: bool


class Results(Protocol):
    """Texts by key. Safe to use from several threads and processes."""

    def find(self, key: str) -> str | None: ...

    def keep(self, key: str, value: str) -> None:
        """Stores it; what stands there already is replaced."""
        ...


@dataclass(frozen=True, slots=True)
class NoResults:
    """A memory that keeps nothing."""

    def find(self, key: str) -> str | None:
        return None

    def keep(self, key: str, value: str) -> None: ...


@dataclass(frozen=True, slots=True)
class DatabaseResults:
    """The table `mlforge_results` of the study's database."""

    database: Database

    def find(self, key: str) -> str | None:
        from sqlalchemy import text

        with self.database.reading() as connection:
            row = connection.execute(text("SELECT value FROM mlforge_results WHERE key = :key"), {"key": key}).first()
        return None if row is None else str(row[0])

    def keep(self, key: str, value: str) -> None:
        from sqlalchemy import text

        insert = (
            "INSERT INTO mlforge_results (key, value) VALUES (:key, :value) "
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value"
        )
        with self.database.writing() as connection:
            connection.execute(text(insert), {"key": key, "value": value})


@dataclass(frozen=True, slots=True)
class ResultCache:
    """`identity` names what all results depend on: see `identity_of`."""

    results: Results = field(default_factory=NoResults)
    artefacts: Artefacts | None = None
    identity: str = ""

    def once(self, kind: type[T], what: str, parts: Iterable[str | bytes], make: Callable[[], T]) -> Cached[T]:
        """What `make` answered when it was last asked for `what` and `parts`, else what it answers now.

        `kind` is a record (a dataclass) whose fields are JSON's, bytes or arrays. What `make` raises is passed on and
        not remembered.
        """
        parts = list(parts)
        if (known := self.find(kind, what, parts)) is not None:
            return Cached(known, from_cache=True)
        value = make()
        self.keep(what, parts, value)
        return Cached(value, from_cache=False)

    def find(self, kind: type[T], what: str, parts: Iterable[str | bytes]) -> T | None:
        """What was kept for `what` and `parts`; None where there is nothing, or its artefact is gone or damaged."""
        if self.artefacts is None:
            return None
        stored = self.results.find(self._key(what, parts))
        if stored is None:
            return None
        try:
            return structure(_converter(self.artefacts), json.loads(stored), kind)
        except (ValueError, StudyError):
            return None  # made by hand, or its artefact is gone: measure again

    def keep(self, what: str, parts: Iterable[str | bytes], value: object) -> None:
        if self.artefacts is not None:
            document = json.dumps(_converter(self.artefacts).unstructure(value), sort_keys=True)
            self.results.keep(self._key(what, parts), document)

    def _key(self, what: str, parts: Iterable[str | bytes]) -> str:
        return digest([what, self.identity, *parts])


def identity_of(versions: Iterable[tuple[str, str]]) -> str:
    """What decides results besides their inputs: MLForge's own code, and (name, version) of each tool and package."""
    return digest([code_digest(), *(f"{name}={version}" for name, version in versions)])


@cache
def code_digest() -> str:
    """SHA-256 of every source file of MLForge."""
    of_c = [path for directory in CODE for path in sorted((root() / directory).rglob("*"))]
    files = [path for path in (*python_sources(), *of_c) if path.suffix in _SUFFIXES and path.is_file()]
    names = [str(path.relative_to(PACKAGE if path.is_relative_to(PACKAGE) else root())) for path in files]
    return digest([str(len(files)), *names, digest_files(files)])


def request_parts(request: TrainingRequest) -> list[str | bytes]:
    """Everything that a training's answer depends on: each field, whichever there are."""
    parts: list[str | bytes] = []
    for one in fields(request):
        value = getattr(request, one.name)
        parts.append(one.name)
        parts += array_parts(value) if isinstance(value, np.ndarray) else [value if _plain(value) else repr(value)]
    return parts


def program_parts(program: Program) -> list[str | bytes]:
    return [json.dumps(asdict(program), sort_keys=True)]


def array_parts(array: NDArray[Any]) -> list[str | bytes]:
    return [str(array.dtype), str(array.shape), np.ascontiguousarray(array).tobytes()]


def _plain(value: object) -> TypeGuard[str | bytes]:
    return isinstance(value, str | bytes)


def _converter(artefacts: Artefacts) -> JsonConverter:
    """Records with bytes and arrays in them: both become the names of artefacts."""
    converter = new_converter(Convolution, Layer)
    converter.register_unstructure_hook(bytes, artefacts.put)
    converter.register_structure_hook(bytes, lambda name, _: artefacts.get(name))
    converter.register_unstructure_hook_func(_is_array, lambda array: artefacts.put(_array_bytes(array)))
    converter.register_structure_hook_func(_is_array, lambda name, _: _array(artefacts.get(name)))
    return converter


def _is_array(kind: Any) -> bool:
    return get_origin(kind) is np.ndarray


def _array_bytes(array: NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()


def _array(data: bytes) -> NDArray[Any]:
    loaded: NDArray[Any] = np.load(io.BytesIO(data), allow_pickle=False)
    return loaded
