"""`optimise` with other ways to int8 and a smaller network, on data of its own: real trainings, real QEMU."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlforge.records.architecture import Architecture

pytestmark = [
    pytest.mark.slow,
    pytest.mark.requires(target="mps2/an386"),
]

CONTRACT = """\
name: blobs
task: classification
data:
  loader: {npz: blobs.npz}
  split: {validate: 0.3, test: 0.2}
features: [standardise: {}]
limits: {flash: 16 KiB, ram: 4 KiB, latency: 20 ms}
goals: {accuracy: 0.7}
search: {proposer: random, trials: 1, seed: 3, epochs: 12, workers: 1}
training: {quantisation: equalised, tolerance: 0.05, prune: 0.5}
target: {board: mps2/an386, clock: 80 MHz}
"""


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    app = tmp_path_factory.mktemp("app")
    random = np.random.default_rng(2)
    y = random.integers(0, 4, 800)
    x = random.standard_normal((4, 10))[y] * 1.5 + random.standard_normal((800, 10))
    np.savez(app / "blobs.npz", x=x.astype(np.float32), y=np.array(["red", "green", "blue", "grey"])[y])
    (app / "mlforge.yaml").write_text(CONTRACT)
    words = [sys.executable, "-m", "mlforge", "optimise", str(app), "--json"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    found: dict[str, Any] = json.loads(done.stdout)
    found["page"] = Path(found["files"]["report"]).read_text()
    return found


def test_every_way_was_tried_and_one_kept(document: dict[str, Any]) -> None:
    (trial,) = document["trials"]
    tried = [(one["network"], one["method"]) for one in trial["attempts"]]
    assert tried == [(network, method) for network in ("plain", "pruned") for method in ("ptq", "equalised")]
    assert [one["kept"] for one in trial["attempts"]].count(True) == 1
    assert not any(one["failure"] for one in trial["attempts"])


def test_the_smaller_network_costs_less_and_its_trial_is_about_it(document: dict[str, Any]) -> None:
    (trial,) = document["trials"]
    plain, *_, pruned = trial["attempts"]
    assert pruned["flash_bytes"] < plain["flash_bytes"]
    assert pruned["latency_us"] < plain["latency_us"]
    kept = next(one for one in trial["attempts"] if one["kept"])
    assert kept["network"] == "pruned", "blobs are easy; half the units do"
    assert Architecture.from_json(json.dumps(trial["architecture"])).id == kept["architecture"]
    assert Architecture.from_json(json.dumps(trial["parent"])).id == plain["architecture"]
    assert trial["cost"]["flash"]["total"] < plain["flash_bytes"]
    assert kept["int8_quality"] == next(
        one["value"] for one in trial["qualities"] if (one["stage"], one["split"]) == ("int8-host", "validate")
    )


def test_the_lock_and_the_report_tell_how_the_model_was_made(document: dict[str, Any]) -> None:
    assert document["lock"]["attempts"] == document["trials"][0]["attempts"]
    ranges = document["lock"]["ranges"]
    assert ranges[0]["kind"] == "FULLY_CONNECTED" and ranges[0]["weights"]
    assert all(0 <= one["narrowest"] <= one["used"] <= 1 for one in ranges)
    assert "From floats to int8" in document["page"]
