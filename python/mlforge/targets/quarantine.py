"""Boards that failed are left out for a while, with the reason, for all processes of this machine.

Each further failure doubles the time; a board that works again is let out at once.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from typing import Final

from mlforge.targets.board_lock import board_file
from mlforge.toolchain.files import write_atomically

FIRST_S: Final = 900.0
MOST_S: Final = 86_400.0
_KIND: Final = "quarantine"
_MOST_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Quarantine:
    """`until_s` is seconds since 1970; `times` is how often it has failed in a row."""

    reason: str
    until_s: float
    times: int

    @property
    def over(self) -> bool:
        return self.until_s <= time.time()

    def __str__(self) -> str:
        left_min = max((self.until_s - time.time()) / 60, 0)
        return f"in quarantine for {left_min:.0f} min, after {self.times} failures: {self.reason}"


def quarantined(identity: str) -> Quarantine | None:
    """None where the board may be used."""
    found = _read(identity)
    return None if found is None or found.over else found


def put_into(identity: str, reason: str) -> Quarantine:
    """Raises OSError where it cannot be noted."""
    before = _read(identity)
    times = before.times + 1 if before else 1
    until_s = time.time() + min(FIRST_S * 2 ** min(times - 1, 16), MOST_S)
    found = Quarantine(" ".join(reason.split())[:300], until_s, times)
    write_atomically(board_file(identity, _KIND), json.dumps(asdict(found)).encode())
    return found


def let_out(identity: str) -> None:
    board_file(identity, _KIND).unlink(missing_ok=True)


def _read(identity: str) -> Quarantine | None:
    """What is noted, over or not; a damaged note is none."""
    try:
        with board_file(identity, _KIND).open("rb") as file:
            found = json.loads(file.read(_MOST_BYTES))
        return Quarantine(str(found["reason"]), float(found["until_s"]), int(found["times"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
