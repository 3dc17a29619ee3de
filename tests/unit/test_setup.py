"""scripts/setup.sh on machines that do not behave: killed in the middle, without uv, with a bare doctor."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from mlforge.toolchain.sources import root

APT = """\
#!/usr/bin/env bash
trap 'echo interrupted >>"{log}"; exit 1' INT
echo "begun $$ $1 $2" >>"{log}"
for _ in $(seq 300); do sleep 0.1; done
echo ended >>"{log}"
"""


def program(place: Path, name: str, text: str) -> None:
    path = place / name
    path.write_text(text)
    path.chmod(0o755)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose doctor misses a package, with programs of its own in `bin`."""
    place = tmp_path / "checkout"
    (place / "scripts").mkdir(parents=True)
    shutil.copy(root() / "scripts" / "setup.sh", place / "scripts")
    package = place / "python" / "mlforge"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text("print('gcc-of-nowhere')\n")
    for name in ("requirements.txt", "pyproject.toml"):
        (place / name).touch()
    (tmp_path / "bin").mkdir()
    program(tmp_path / "bin", "sudo", '#!/usr/bin/env bash\nexec "$@"\n')
    return place


def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "LOG": str(tmp_path / "log")}


def until(log: Path, word: str, seconds: float = 30.0) -> str:
    """The log once the word stands there."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if log.exists() and word in log.read_text():
            break
        time.sleep(0.05)
    return log.read_text() if log.exists() else ""


def test_apt_ends_with_a_set_up_that_is_killed(checkout: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    program(tmp_path / "bin", "apt-get", APT.format(log=log))
    venv = checkout / ".venv" / "bin"  # a Python that takes its time to install, as pip does
    venv.mkdir(parents=True)
    program(venv, "python", "#!/bin/sh\nexec sleep 20\n")
    script = subprocess.Popen([checkout / "scripts" / "setup.sh", "run"], env=environment(tmp_path))
    try:
        assert "begun" in until(log, "begun")
    finally:
        os.kill(script.pid, signal.SIGKILL)
        script.wait()
    assert "interrupted" in until(log, "interrupted")
    time.sleep(0.5)
    assert log.read_text().count("begun") == 1, "nothing else is begun afterwards"


@pytest.mark.parametrize("uv", [None, "exit 1"], ids=["no uv", "a uv that cannot"])
def test_pip_does_what_uv_cannot(checkout: Path, tmp_path: Path, uv: str | None) -> None:
    program(tmp_path / "bin", "apt-get", "#!/bin/sh\nexit 0\n")
    venv = checkout / ".venv" / "bin"
    venv.mkdir(parents=True)
    program(venv, "python", '#!/bin/sh\necho "$@" >>"$LOG"\ncase "$*" in *" uv") exit 1 ;; esac\n')
    if uv:
        program(venv, "uv", f'#!/bin/sh\necho "uv $SSL_CERT_FILE $UV_NATIVE_TLS" >>"$LOG"\n{uv}\n')
    told = {**environment(tmp_path), "REQUESTS_CA_BUNDLE": "/etc/proxy.pem"}
    told.pop("SSL_CERT_FILE", None)
    told.pop("PIP_CERT", None)
    done = subprocess.run(
        [checkout / "scripts" / "setup.sh", "run"], env=told, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    said = (tmp_path / "log").read_text()
    assert "-m pip install --quiet --disable-pip-version-check -r requirements.txt" in said
    assert "--no-deps --no-build-isolation -e ." in said
    assert uv is None or "uv /etc/proxy.pem true" in said


def test_another_apt_is_waited_for(checkout: Path, tmp_path: Path) -> None:
    program(tmp_path / "bin", "apt-get", '#!/bin/sh\necho "$(date +%s%N) $@" >>"$LOG"\n')
    venv = checkout / ".venv" / "bin"
    venv.mkdir(parents=True)
    for name in ("python", "uv"):
        program(venv, name, "#!/bin/sh\nexit 0\n")
    with (tmp_path / "lock").open("w") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        told = {**environment(tmp_path), "MLFORGE_APT_LOCKS": f"{tmp_path}/none {tmp_path}/lock"}
        script = subprocess.Popen(
            [checkout / "scripts" / "setup.sh", "run"], env=told, stderr=subprocess.PIPE, text=True
        )
        assert script.stderr is not None
        assert "another apt is at work" in script.stderr.readline()
        assert not (tmp_path / "log").exists()
        fcntl.lockf(lock, fcntl.LOCK_UN)
        freed = time.time_ns()
        script.communicate(timeout=30)
    assert script.returncode == 0
    first = (tmp_path / "log").read_text().splitlines()[0]
    assert int(first.split()[0]) > freed
    assert "DPkg::Lock::Timeout=600" in first
