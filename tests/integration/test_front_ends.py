"""Two front ends in one search: each candidate is costed, trained, locked and verified with its own."""

from __future__ import annotations

import json
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.requires(target="mps2/an386")]

RATE_HZ = 4000
CONTRACT = """\
name: tones
task: classification
data:
  loader: {wav: recordings}
  split: {group: subject, validate: 0.2, test: 0.2}
  signal: {rate: 4 kHz, channels: [mic]}
features:
  choose:
    raw:
      - window: {length: 500, hop: 500}
      - standardise: {}
    spectral:
      - frame: {length: 32 ms}
      - fft: {}
      - mel: {bands: {choose: [12, 16]}}
      - log: {}
      - window: {length: 250 ms}
      - standardise: {}
limits: {flash: 48 KiB, ram: 32 KiB, latency: 60 ms}
goals: {accuracy: 0.6}
search: {proposer: random, trials: 3, seed: 2, epochs: 4, workers: 2}
target: {board: mps2/an386, clock: 80 MHz}
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("tones")
    random = np.random.default_rng(3)
    for label, hertz in (("low", 200), ("middle", 500), ("high", 1200)):
        (directory / "recordings" / label).mkdir(parents=True)
        for speaker in range(10):
            phase = 2 * np.pi * hertz * random.uniform(0.95, 1.05) * np.arange(RATE_HZ) / RATE_HZ
            samples = 0.3 * np.sin(phase) + random.normal(0, 0.05, RATE_HZ)
            with wave.open(str(directory / "recordings" / label / f"s{speaker}_0.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(RATE_HZ)
                file.writeframes((samples * 32767).astype("<i2").tobytes())
    (directory / "mlforge.yaml").write_text(CONTRACT)
    return directory


def mlforge(*words: str | Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "mlforge", *map(str, words), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr + done.stdout[-2000:]
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_the_winner_is_locked_with_its_own_front_end(app: Path) -> None:
    document = mlforge("optimise", app)
    trials = document["trials"]
    seen = {trial["architecture"]["front_end"] for trial in trials}
    assert "chain=raw" in seen and len(seen) > 1
    for trial in trials:
        raw = trial["architecture"]["front_end"] == "chain=raw"
        assert (trial["architecture"]["input_shape"] == [500, 1, 1]) == raw
    costs = [trial["cost"] for trial in trials if trial["architecture"]["front_end"] != "chain=raw"]
    assert costs and all(cost["feature_instructions"] > 0 for cost in costs)
    lock = document["lock"]
    stages = [stage.get("kind") for stage in lock["features"]["stages"]]
    assert ("Fft" in stages) == (lock["architecture"]["front_end"] != "chain=raw")
    assert mlforge("verify", app)["notes"] == []
