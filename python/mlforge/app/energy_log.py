"""`.mlforge/energy.jsonl` beside the app: what power meters measured, when, with what, and by whom; a line each."""

from __future__ import annotations

import dataclasses
import getpass
import json
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from mlforge.app.paths import memory_directory
from mlforge.errors import StudyError
from mlforge.records.energy import Energy, MeasuredPower

FILE: Final = "energy.jsonl"


@dataclass(frozen=True, slots=True)
class Measured:
    """`ratio` is measured over estimated energy: this board's calibration. None where nothing was estimated."""

    power: MeasuredPower
    energy: Energy
    estimate: Energy | None

    @property
    def ratio(self) -> float | None:
        return self.energy.inference_uj / self.estimate.inference_uj if self.estimate else None


def note(app: Path, board: str, model_sha256: str, measured: Measured) -> None:
    """Raises StudyError where it cannot be written."""
    entry = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "who": f"{_user()}@{platform.node()}",
        "board": board,
        "model_sha256": model_sha256,
        "power": dataclasses.asdict(measured.power),
        "energy": dataclasses.asdict(measured.energy),
        "estimate": dataclasses.asdict(measured.estimate) if measured.estimate else None,
        "measured_over_estimated": measured.ratio,
    }
    path = memory_directory(app) / FILE
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry, sort_keys=True) + "\n")
    except OSError as error:
        raise StudyError(f"cannot write {path}: {error.strerror}") from error


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user, as in containers
        return "unknown"
