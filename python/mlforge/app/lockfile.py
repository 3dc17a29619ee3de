"""`mlforge.lock.yaml`: reading, writing, and holding a model against it."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any, Final

from mlforge.compiler.tflite_reader import MAX_FILE_BYTES
from mlforge.errors import LockError
from mlforge.records.golden_vectors import GoldenVectors
from mlforge.records.lock import READABLE_FORMATS, Lock, ModelFile
from mlforge.toolchain.files import sha256, write_atomically

LOCK_NAME: Final = "mlforge.lock.yaml"
MAX_LOCK_BYTES: Final = 1 << 20
MAX_LOCK_DEPTH: Final = 40  # residual blocks hold layers
EDITED: Final = "it was edited; `west mlforge optimise` writes it anew"
_HEADER: Final = "# Written by `west mlforge optimise`; keep it in version control beside the model. Do not edit.\n"


def write_lock(app: Path, lock: Lock) -> Path:
    """Writes the lock file of an app: byte-identical for an equal Lock."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.default_flow_style = None
    yaml.width = 120
    text = StringIO(newline="\n")
    text.write(_HEADER)
    yaml.dump(_plain(lock.to_dict()), text)
    write_atomically(app / LOCK_NAME, text.getvalue().encode())
    return app / LOCK_NAME


def read_lock(app: Path) -> Lock:
    """Raises LockError where there is no lock file, or it is not one that this version reads."""
    path = app / LOCK_NAME
    values = _document(path)
    found = values.get("format") if isinstance(values, dict) else None
    if found not in READABLE_FORMATS:
        known = " or ".join(str(number) for number in READABLE_FORMATS)
        raise LockError(f"{path}: format {found!r}, expected {known}", hint="another version of MLForge wrote it")
    try:
        return Lock.from_dict(values)
    except ValueError as error:
        raise LockError(f"{path}: {error}", hint=EDITED) from error


def _document(path: Path) -> Any:
    """The file's values, read as warily as a contract: it is edited by hand, too, in spite of what it says."""
    from mlforge.contract.tree import parse

    try:
        with path.open("rb") as file:
            text = file.read(MAX_LOCK_BYTES + 1)
        if len(text) > MAX_LOCK_BYTES:
            raise LockError(f"{path}: more than {MAX_LOCK_BYTES // 1024} KiB: not a lock")
        mistakes: list[str] = []

        def report(line: int, key: str, found: str, expected: str) -> None:
            mistakes.append(f"{path}:{line}: {key}: found {found}, expected {expected}")

        root = parse(text.decode("utf-8"), report, MAX_LOCK_DEPTH)
    except FileNotFoundError:
        raise LockError(f"{path.parent} has no {LOCK_NAME}", hint="`west mlforge optimise` writes it") from None
    except OSError as error:
        raise LockError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        raise LockError(f"{path} cannot be read: the byte 0x{text[error.start]:02x} is not UTF-8") from error
    if mistakes:
        raise LockError(mistakes[0], hint=EDITED)
    return root.plain() if root else None


def locked_model(app: Path, lock: Lock) -> bytes:
    """The model that the lock names. Raises LockError where it is missing or is another one."""
    return _locked_file(app, lock.model, "model")


def locked_reference(app: Path, lock: Lock) -> GoldenVectors | None:
    """What a bundle carries beside the model; None for a lock that names no such file. Raises LockError where it is
    missing or another one, DataError where it is damaged."""
    if lock.reference is None:
        return None
    _locked_file(app, lock.reference, "reference")
    return GoldenVectors.read(app / lock.reference.path)


def _locked_file(app: Path, file: ModelFile, what: str) -> bytes:
    path = app / file.path
    try:
        if not path.resolve().is_relative_to(app.resolve()):
            raise LockError(f"{app / LOCK_NAME} names a {what} outside the app: {file.path}")
        if not path.is_file() and path.exists():
            raise LockError(f"{app / LOCK_NAME} names a path that is not a file: {file.path}")
        with path.open("rb") as opened:
            data = opened.read(MAX_FILE_BYTES)
    except (OSError, ValueError, RuntimeError) as error:  # no such file, a zero in its name, a circle of links
        reason = getattr(error, "strerror", None) or str(error)
        raise LockError(f"{path} is named by {LOCK_NAME} but cannot be read: {reason}") from error
    if sha256(data) != file.sha256:
        raise LockError(
            f"{path} is not the {what} that {LOCK_NAME} names: its SHA-256 is {sha256(data)[:16]}…, "
            f"the lock says {file.sha256[:16]}…",
            hint=f"restore the {what} (`git checkout`), or run `west mlforge optimise` to lock a new one",
        )
    return data


def check_against_lock(model: Path, data: bytes) -> None:
    """Refuses a model file that some app's lock names with another hash. A model without a lock passes."""
    for app in (model.parent, model.parent.parent):
        if (app / LOCK_NAME).is_file():
            lock = read_lock(app)
            if _is_same(app / lock.model.path, model) and sha256(data) != lock.model.sha256:
                locked_model(app, lock)


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.resolve() == other.resolve()
    except (OSError, ValueError, RuntimeError):  # a name that cannot be one
        return False


def _plain(value: Any) -> Any:
    """Tuples as lists, for the YAML writer."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
