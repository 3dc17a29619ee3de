"""The database of a study: Optuna's storage, and beside its tables three small ones of our own.

`mlforge_claims` says who works on what (claims.py), `mlforge_results` what was measured before (result_cache.py),
`mlforge_files` holds artefacts where machines share nothing but the database (artefacts.py). SQLite beside the app, or
PostgreSQL for many machines.
"""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from mlforge.app.paths import memory_directory
from mlforge.errors import MachineError, StudyError
from mlforge.toolchain.interrupts import uninterrupted
from mlforge.toolchain.machine import machine_failure
from mlforge.toolchain.packages import needed

if TYPE_CHECKING:
    import optuna
    import sqlalchemy

SCHEMES: Final = ("sqlite", "postgresql")
_ATTEMPTS: Final = 4  # to make an SQLite file's tables: of two processes, one may find what the other is making
_MAKING_TABLES: Final = 0x6D6C6667  # the key of an advisory lock: "mlfg"
_BUSY_S: Final = 60.0  # how long SQLite waits for another process's write


@dataclass(frozen=True, slots=True, eq=False)
class Database:
    """One open database. Safe to use from several threads."""

    url: str
    storage: optuna.storages.RDBStorage
    engine: sqlalchemy.Engine

    @property
    def shared(self) -> bool:
        """Whether other machines may work here too."""
        return self.engine.dialect.name != "sqlite"

    @property
    def directory(self) -> Path | None:
        """Where an SQLite file lies; None for a server."""
        name = self.engine.url.database
        return Path(name).parent if name and not self.shared else None

    @contextmanager
    def reading(self) -> Iterator[sqlalchemy.Connection]:
        """A connection; Ctrl-C waits until it is given back."""
        with uninterrupted(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlalchemy.Connection]:
        """A connection in a transaction, which is committed at the end; Ctrl-C waits for that."""
        with uninterrupted(), self.engine.begin() as connection:
            yield connection

    def close(self) -> None:
        self.storage.remove_session()
        self.engine.dispose()


def open_database(url: str) -> Database:
    """Opens, and makes what is not there yet.

    Args:
        url: an SQLAlchemy URL, such as `sqlite:////app/.mlforge/study.db` or `postgresql://user@server/mlforge`.

    Raises:
        StudyError: it cannot be opened, or holds something else. No password is in the message.
        MachineError: the disk is full, or cannot be written.
    """
    import optuna
    import sqlalchemy.exc

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _open(_with_driver(url))
        except (ImportError, sqlalchemy.exc.SQLAlchemyError, RuntimeError, ValueError) as error:
            failure: Exception = error
        except optuna.exceptions.StorageInternalError as error:
            failure = error
        if not re.search(r"already exists|UNIQUE constraint", str(failure)):
            break
        time.sleep(0.2 * attempt)
    if machine := machine_failure(failure):
        raise MachineError(f"the study in {redacted(url)} cannot be opened: {machine.message}", hint=machine.hint)
    raise StudyError(f"cannot open the study in {redacted(url)}: {scrubbed(failure, url)}", hint=_hint(url)) from None


def storage_url(app: Path, given: str = "") -> str:
    """The database of an app's study: what was given, else `.mlforge/study.db` beside the app.

    Raises StudyError where it is of a kind that is not supported, or `.mlforge` cannot be written.
    """
    if not given:
        return sqlite_url(app)
    scheme = given.partition(":")[0].partition("+")[0]
    if "://" not in given or scheme not in SCHEMES:
        raise StudyError(
            "MLForge does not know this kind of storage URL",
            hint="such as postgresql://user@server/mlforge; the password belongs in ~/.pgpass or PGPASSWORD",
        )
    return given


def has_study(app: Path, given: str = "") -> bool:
    """Whether there may be studies of an app: a server is not asked. Makes nothing."""
    return bool(given) or (app / ".mlforge" / "study.db").is_file()


def sqlite_url(app: Path) -> str:
    """The study database of an app: `.mlforge/study.db`."""
    return f"sqlite:///{memory_directory(app).resolve() / 'study.db'}"


def redacted(url: str) -> str:
    """The URL without password and without parameters, which may hold one too."""
    head, separator, rest = url.partition("://")
    if not separator:
        return "the storage"
    authority, slash, path = rest.partition("?")[0].partition("/")
    if "@" in rest.partition("?")[0]:  # a password may itself hold a slash
        login, _, remainder = rest.partition("?")[0].rpartition("@")
        user = login.partition(":")[0]
        return f"{head}://{user}@{remainder}"
    return f"{head}://{authority}{slash}{path}"


def scrubbed(error: BaseException | str, url: str) -> str:
    """An error's words without the URL's secrets, however they are written."""
    text = str(error).replace(url, redacted(url))
    for secret in _secrets(url):
        text = text.replace(secret, "***")
    return text.strip().partition("\n(Background on this error")[0]


def _secrets(url: str) -> list[str]:
    rest = url.partition("://")[2]
    login = rest.rpartition("@")[0] if "@" in rest else ""
    raw = [login.partition(":")[2]] if ":" in login else []
    raw += [part.partition("=")[2] for part in rest.partition("?")[2].split("&") if "pass" in part.partition("=")[0]]
    found = {variant for secret in raw for variant in (secret, unquote(secret)) if variant}
    return sorted(found, key=len, reverse=True)


def _with_driver(url: str) -> str:
    """PostgreSQL by psycopg 3, which SQLAlchemy does not take by itself."""
    return re.sub(r"^postgresql://", "postgresql+psycopg://", url)


def _open(url: str) -> Database:
    import optuna

    file = url.startswith("sqlite")
    options = {"connect_args": {"timeout": _BUSY_S}} if file else {"pool_pre_ping": True}
    with warnings.catch_warnings(), nullcontext() if file else _alone(url):
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        storage = optuna.storages.RDBStorage(url, engine_kwargs=options)
        tables().create_all(storage.engine)
    return Database(url, storage, storage.engine)


@contextmanager
def _alone(url: str) -> Iterator[None]:
    """While no other machine makes tables: of two that do, one would find what the other has half done."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("SELECT pg_advisory_lock(:key)"), {"key": _MAKING_TABLES})
        yield


def tables() -> sqlalchemy.MetaData:
    """Our tables. `beat_s`: seconds since 1970 by the database's clock. `outcome`: NULL until a claim is settled."""
    import sqlalchemy as sql

    known = sql.MetaData()
    text = sql.Text
    sql.Table(
        "mlforge_claims",
        known,
        sql.Column("name", text, primary_key=True),
        sql.Column("owner", text, nullable=False),
        sql.Column("beat_s", sql.Double, nullable=False),
        sql.Column("outcome", text),
    )
    sql.Table(
        "mlforge_results",
        known,
        sql.Column("key", sql.String(64), primary_key=True),
        sql.Column("value", text, nullable=False),
    )
    sql.Table(
        "mlforge_files",
        known,
        sql.Column("sha256", sql.String(64), primary_key=True),
        sql.Column("content", sql.LargeBinary, nullable=False),
    )
    return known


def _hint(url: str) -> str:
    if url.startswith("sqlite"):
        return "delete .mlforge to start afresh"
    from importlib import util

    if util.find_spec("psycopg") is None:
        return f"install the driver: {needed('postgres')}"
    return "is the server running, and may this user create tables in this database?"
