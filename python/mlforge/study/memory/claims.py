"""Who works on what: a row per claimed name (a trial) in the study's database.

A claim belongs to an owner for as long as the owner's heart beats: a thread renews all its claims several times per
lease, by the database's clock, so that machines whose clocks differ agree. A claim whose owner is dead may be taken by
whoever comes first; on the owner's own machine death is seen at once, elsewhere when the lease runs out. A claim that
is settled has an outcome and is never taken again. Each change is one statement with a condition, so that of any number
of processes exactly one makes it.
"""

from __future__ import annotations

import contextlib
import os
import platform
import secrets
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mlforge.errors import StudyError
from mlforge.study.memory.database import Database

if TYPE_CHECKING:
    import sqlalchemy

LEASE_S: Final = 60.0
_BEATS_PER_LEASE: Final = 4


class LostClaimError(StudyError):
    """A claim was taken over: its owner was silent for longer than the lease."""


class Claims:
    """The claims of one owner. Safe to use from several threads. `close` gives up what is not settled."""

    def __init__(self, database: Database, *, lease_s: float = LEASE_S) -> None:
        self.owner: Final = (
            f"{machine()}/{os.getpid()}/{_started(os.getpid())}/{platform.node()}/{secrets.token_hex(4)}"
        )
        self._database = database
        self._lease_s = lease_s
        self._closed = threading.Event()
        self._heart: threading.Thread | None = None

    def take(self, name: str) -> bool:
        """Claims `name`; False where it is settled or another owner, who is alive, has it."""
        self._beat()
        with self._database.writing() as connection:
            now = _now(connection)
            mine = {"name": name, "owner": self.owner, "now": now}
            insert = (
                "INSERT INTO mlforge_claims (name, owner, beat_s) VALUES (:name, :owner, :now) ON CONFLICT DO NOTHING"
            )
            if _changed(connection, insert, mine):
                return True
            row = _rows(connection, "SELECT owner, beat_s, outcome FROM mlforge_claims WHERE name = :name", mine)
            if not row or row[0].outcome is not None or self._alive(row[0].owner, row[0].beat_s, now):
                return False
            update = (
                "UPDATE mlforge_claims SET owner = :owner, beat_s = :now "
                "WHERE name = :name AND owner = :before AND beat_s = :beat AND outcome IS NULL"
            )
            return _changed(connection, update, {**mine, "before": row[0].owner, "beat": row[0].beat_s})

    def settle(self, name: str, outcome: str) -> None:
        """Ends a claim for good. Raises LostClaimError where it is no longer ours."""
        update = (
            "UPDATE mlforge_claims SET outcome = :outcome WHERE name = :name AND owner = :owner AND outcome IS NULL"
        )
        with self._database.writing() as connection:
            if not _changed(connection, update, {"name": name, "owner": self.owner, "outcome": outcome}):
                raise LostClaimError(f"{name} was taken over by another process")

    def release(self, name: str) -> None:
        """Gives a claim back, for anybody to take; nothing happens where it is not ours."""
        self._delete("owner = :owner AND name = :name AND outcome IS NULL", name=name)

    def release_all(self) -> None:
        """Where that cannot be stored, the others wait until the lease is over."""
        from sqlalchemy.exc import SQLAlchemyError

        with contextlib.suppress(SQLAlchemyError):
            self._delete("owner = :owner AND outcome IS NULL")

    def settled(self, prefix: str) -> Mapping[str, str]:
        """Outcomes of the settled claims whose names start with `prefix`, by the rest of their names."""
        with self._database.reading() as connection:
            rows = _rows(
                connection,
                "SELECT name, outcome FROM mlforge_claims "
                "WHERE substr(name, 1, :size) = :prefix AND outcome IS NOT NULL",
                {"prefix": prefix, "size": len(prefix)},
            )
        return {row.name[len(prefix) :]: row.outcome for row in rows}

    def close(self) -> None:
        self._closed.set()
        if self._heart is not None:
            self._heart.join()
        self.release_all()

    def _alive(self, owner: str, beat_s: float, now_s: float) -> bool:
        return owner == self.owner or (now_s - beat_s < self._lease_s and not _died_here(owner))

    def _delete(self, condition: str, **values: str) -> None:
        with self._database.writing() as connection:
            _changed(connection, f"DELETE FROM mlforge_claims WHERE {condition}", {"owner": self.owner, **values})

    def _beat(self) -> None:
        """Starts the heart on first use."""
        if self._heart is None:
            self._heart = threading.Thread(target=self._renew, name="mlforge-heart", daemon=True)
            self._heart.start()

    def _renew(self) -> None:
        import sqlalchemy.exc

        update = "UPDATE mlforge_claims SET beat_s = :now WHERE owner = :owner AND outcome IS NULL"
        while not self._closed.wait(self._lease_s / _BEATS_PER_LEASE):
            # A server that is away may come back before the lease is over.
            with contextlib.suppress(sqlalchemy.exc.SQLAlchemyError), self._database.writing() as connection:
                _changed(connection, update, {"owner": self.owner, "now": _now(connection)})


def machine() -> str:
    """What tells this machine, since its start, from others: process ids mean the same to all who share it."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}:{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return f"unknown:{secrets.token_hex(8)}"  # as good as another machine for each process


def _died_here(owner: str) -> bool:
    where, pid, started, *_ = owner.split("/")
    return where == machine() and _started(int(pid)) != started


def _started(pid: int) -> str:
    """When a process started, in clock ticks since the machine did (proc(5), field 22); empty where there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def _now(connection: sqlalchemy.Connection) -> float:
    """Seconds since 1970, by the server's clock where there is a server."""
    from sqlalchemy import text

    if connection.dialect.name == "sqlite":
        return time.time()
    return float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())


def _changed(connection: sqlalchemy.Connection, statement: str, values: Mapping[str, Any]) -> bool:
    from sqlalchemy import text

    return connection.execute(text(statement), dict(values)).rowcount > 0


def _rows(connection: sqlalchemy.Connection, statement: str, values: Mapping[str, Any]) -> list[Any]:
    from sqlalchemy import text

    return list(connection.execute(text(statement), dict(values)))
