"""`compile --stream`: what it says, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlforge.cli.main import main

NETWORKS = Path(__file__).parents[2] / "networks"


def test_stream_and_what_runs_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["compile", str(NETWORKS / "attention.tflite"), "-o", str(tmp_path), "--stream", "hop=2,axis=1"]
    assert main([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["streaming"]
    assert (found["hop"], found["window"], found["first"]) == (2, 32, 16)
    assert found["obstacles"][0].startswith("BATCH_MATMUL ")
    assert main(command) == 0
    assert "runs whole: BATCH_MATMUL " in capsys.readouterr().err


def test_what_cannot_be_streamed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = str(NETWORKS / "svdf.tflite")
    assert main(["compile", model, "-o", str(tmp_path), "--stream", "hop=1"]) == 1
    assert "SVDF" in (said := capsys.readouterr().err) and "it keeps a state of its own" in said
    for wrong in ("2", "hop=x", "hop=1,window=3"):
        assert main(["compile", model, "-o", str(tmp_path), "--stream", wrong]) == 2
        assert "expected hop=N" in capsys.readouterr().err
