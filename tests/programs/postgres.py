"""A PostgreSQL server of the tests' own: a throw-away cluster on loopback, with a password, ended with its fixture."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from importlib import util
from pathlib import Path

from mlforge.toolchain.packages import needed
from tests.programs.require import missing

PASSWORD = "s3cr3t/p@ss"
QUOTED = "s3cr3t%2Fp%40ss"


def _programs() -> Path | None:
    """Where `initdb` and `pg_ctl` are: Debian keeps them out of the PATH."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return places[-1].parent if places else None


def unavailable() -> str | None:
    if _programs() is None:
        return "no PostgreSQL server: apt-get install postgresql"
    if util.find_spec("psycopg") is None:
        return f"no driver: {needed('postgres')}"
    return None


def require_postgres() -> None:
    """There is a server to start."""
    if reason := unavailable():
        missing(reason)


@contextlib.contextmanager
def server() -> Iterator[str]:
    """The URL of a running server, with its password."""
    programs = _programs()
    if programs is None:
        raise RuntimeError(unavailable())
    directory = Path(tempfile.mkdtemp(prefix="mlforge-postgres-"))
    secret = directory / "password"
    secret.write_text(PASSWORD)
    user = _unprivileged(directory)
    data = directory / "data"
    init = ["-D", str(data), "-U", "forge", "--auth=scram-sha-256", f"--pwfile={secret}", "--no-sync", "-E", "UTF8"]
    port = _free_port()
    options = f"-k {directory} -p {port} -c listen_addresses=127.0.0.1 -c fsync=off"
    control = [*user, str(programs / "pg_ctl"), "-D", str(data)]
    try:
        _run([*user, str(programs / "initdb"), *init])
        _run([*control, "-w", "-t", "60", "-l", str(directory / "log"), "-o", options, "start"])
        try:
            yield f"postgresql://forge:{QUOTED}@127.0.0.1:{port}/postgres"
        finally:
            _run([*control, "-w", "-t", "60", "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _unprivileged(directory: Path) -> list[str]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    account = pwd.getpwnam("postgres" if any(one.pw_name == "postgres" for one in pwd.getpwall()) else "nobody")
    for path in (directory, *directory.iterdir()):
        os.chown(path, account.pw_uid, account.pw_gid)
    return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]


def _run(command: list[str]) -> None:
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False, cwd="/"
    )
    if done.returncode:
        raise RuntimeError(f"{command[-3:]}: {done.stdout}{done.stderr}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
