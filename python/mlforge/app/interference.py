"""`.mlforge/interference.json` beside the app: what was last measured of its threads and interrupts, for the report."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from mlforge.app.paths import memory_directory
from mlforge.contract.contract import Contract
from mlforge.errors import StudyError
from mlforge.records.scheduling import Blocking, Scheduling
from mlforge.records.serial import new_converter, structure
from mlforge.toolchain.files import write_atomically

FILE: Final = "interference.json"
_MOST_BYTES: Final = 1 << 20
_CONVERTER: Final = new_converter()


@dataclass(frozen=True, slots=True)
class Interference:
    """None for what was not measured under the contract as it is."""

    contract_sha256: str
    blocking: Blocking | None = None
    scheduling: Scheduling | None = None


def noted_interference(contract: Contract) -> Interference:
    """What stands there; nothing where that is of another contract, missing or damaged."""
    try:
        with (contract.app_dir / ".mlforge" / FILE).open("rb") as file:
            found = structure(_CONVERTER, json.loads(file.read(_MOST_BYTES)), Interference)
    except (OSError, ValueError, RecursionError):
        return Interference(contract.digest)
    return found if found.contract_sha256 == contract.digest else Interference(contract.digest)


def note_interference(contract: Contract, found: Interference) -> None:
    """Raises StudyError where it cannot be written."""
    path = memory_directory(contract.app_dir) / FILE
    try:
        write_atomically(path, _CONVERTER.dumps(found, indent=1, sort_keys=True).encode())
    except OSError as error:
        raise StudyError(f"cannot write {path}: {error.strerror}") from error
