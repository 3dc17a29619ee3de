"""A disk that is full at any moment of a study: one sentence, nothing lost, and the same command goes on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.study.test_loop import study

PROGRAM = """
import pathlib, sys
sys.path.insert(0, sys.argv[1])
from mlforge.errors import MachineError
from mlforge.study.memory.artefacts import ArtefactStore
from tests.unit.study import fakes
from tests.unit.study.test_loop import study

place = pathlib.Path(sys.argv[2])

def evaluate(number, proposal, observer, visible):
    ArtefactStore(place / "artefacts").put(str(number).encode() * 40_000)
    return fakes.evaluate(number, proposal, observer, visible)

try:
    running = study(place / "a.db", workers=2)
    running.evaluate = evaluate
    running.run(12)
except MachineError as error:
    print(error.message)
    sys.exit(1)
"""


@pytest.mark.parametrize("limit_kib", [0, 64, 160, 4096])
def test_no_file_may_grow_beyond(tmp_path: Path, limit_kib: int) -> None:
    """As a quota: what is larger than the limit cannot be written, be it the database or a model."""
    command = f"ulimit -f {limit_kib}; exec {sys.executable} -c '{PROGRAM}' {Path(__file__).parents[3]} {tmp_path}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120, check=False)
    assert "Traceback" not in done.stderr
    assert done.returncode == (0 if limit_kib == 4096 else 1), done.stdout + done.stderr
    if done.returncode:
        assert len(done.stdout.splitlines()) == 1
    whole = study(tmp_path / "whole.db", workers=2).run(12)
    assert study(tmp_path / "a.db", workers=2).run(12) == whole, "nothing is lost, and nobody blamed"
