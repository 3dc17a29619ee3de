"""Runs suites of tests/zephyr for twister, whose Python need not have what they import: with MLForge's own.

That is the one of MLFORGE_PYTHON, else the checkout's (`make setup-dev`).
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]


def _run(*files: str) -> None:
    python = os.environ.get("MLFORGE_PYTHON") or str(ROOT / ".venv" / "bin" / "python")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHONPATH"))}
    environment["MLFORGE_REQUIRE_ZEPHYR"] = "1"
    paths = [str(ROOT / "tests" / "zephyr" / file) for file in files]
    done = subprocess.run([python, "-m", "pytest", "-q", *paths], cwd=ROOT, env=environment, check=False)
    assert done.returncode == 0, f"{python} -m pytest {' '.join(files)} ended with status {done.returncode}"


def test_ota() -> None:
    _run("test_ota.py", "test_ota_attacks.py", "test_ota_power.py")


def test_release() -> None:
    _run("test_release.py", "test_bundle.py")


def test_parity() -> None:
    _run("test_measuring.py", "test_confirm.py", "test_auto_limits.py")
