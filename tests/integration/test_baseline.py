"""Instructions and bytes of the engine do not grow unnoticed: they are exact, so 2 % is a change and no noise."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs.models import MODELS

ROOT = Path(__file__).parents[2]
BASELINE = json.loads((ROOT / "bench" / "baseline.json").read_text())

pytestmark = [
    pytest.mark.requires(models=True),
    pytest.mark.requires(target="mps2/an386"),
]


def bench(*words: str, root: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "bench/engine.py", "--check", "--vectors", "2", *words]
    environment = {**os.environ, "MLFORGE_MODELS": str(MODELS.parent)}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=280, check=False)


def test_the_engine_is_no_worse_than_its_baseline() -> None:
    done = bench("--targets", "mps2/an386")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_check_can_fail(tmp_path: Path) -> None:
    (tmp_path / "bench").mkdir()
    for name in ("engine.py", "peer.json"):
        (tmp_path / "bench" / name).write_text((ROOT / "bench" / name).read_text())
    key = "ad01_int8 on mps2/an386"
    smaller = {name: int(value * 0.97) for name, value in BASELINE[key].items()}
    (tmp_path / "bench" / "baseline.json").write_text(json.dumps({key: smaller}))
    done = bench("--targets", "mps2/an386", "--models", "ad01_int8", root=tmp_path)
    assert done.returncode == 1
    assert "instructions" in done.stderr
