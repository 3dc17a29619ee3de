"""`mlforge compile` of float models, with TensorFlow: a .keras archive and a .tflite of the same network."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mlforge.cli.main import main
from mlforge.targets.registry import target_named
from tests.integration.test_methods import int8_outputs

pytestmark = pytest.mark.requires(packages=("tensorflow",))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("floats")
    script = Path(__file__).with_name("make_floats.py")
    subprocess.run([sys.executable, script, directory], check=True, capture_output=True, timeout=250)
    return directory


def test_both_kinds(models: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("MLFORGE_CACHE", str(models / "cache"))
    assert target_named("host").unavailable() is None
    expected, x = np.load(models / "expected.npy"), np.load(models / "x.npz")["x"]
    macs = []
    for kind in ("keras", "tflite"):
        out = models / kind
        command = ["compile", str(models / f"net.{kind}"), "--representative", str(models / "x.npz"), "-o", str(out)]
        assert main([*command, "--json"]) == 0
        macs.append(json.loads(capsys.readouterr().out)["macs"])
        (quantised,) = (out / "quantised").iterdir()
        outputs = int8_outputs(quantised.read_bytes(), x).reshape(expected.shape)
        assert np.abs(outputs - expected).max() < 0.05, kind
    assert macs[0] == macs[1] > 0
    np.savez(models / "other.npz", x=x[:, :8])
    command[3] = str(models / "other.npz")
    assert main(command) == 1
    assert "the model takes [16, 1, 2], the representative examples are [8, 1, 2]" in capsys.readouterr().err
