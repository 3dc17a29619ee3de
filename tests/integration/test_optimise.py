"""The main job, whole: `python -m mlforge optimise` on a small data set of its own, with real training and QEMU."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.requires(target="mps2/an386"),
]

CONTRACT = """\
name: shaker
task: classification
data:
  loader: {{csv: recordings}}
  split: {{group: machine, validate: 0.2, test: 0.2}}
features:
  - window: {{length: 40, hop: 20}}
  - standardise: {{}}
limits: {{flash: 24 KiB, ram: 8 KiB, stack: 1 KiB, latency: {latency}}}
goals: {{accuracy: {accuracy}}}
search: {{proposer: tpe, trials: {trials}, seed: 5, epochs: 20}}
target: {{board: mps2/an386, clock: 80 MHz}}
"""


def make_app(
    directory: Path, *, latency: str = "20 ms", accuracy: float = 0.7, trials: int = 3, noise: float = 0.2
) -> Path:
    """An app whose data are three axes shaken at three rates by ten machines: easy, but not trivial."""
    recordings = directory / "recordings"
    recordings.mkdir(parents=True)
    random = np.random.default_rng(7)
    rows = []
    for machine in range(10):
        for label, rate in (("slow", 0.05), ("medium", 0.12), ("fast", 0.27)):
            steps = np.arange(400)[:, None] * rate * 2 * np.pi * random.uniform(0.95, 1.05)
            signal_ = np.sin(steps + random.uniform(0, 6, 3)) * [1.0, 0.5, 2.0] + random.normal(0, noise, (400, 3))
            name = f"{label}_{machine}.csv"
            np.savetxt(recordings / name, signal_, delimiter=",", fmt="%.5f")
            rows.append((name, label, f"m{machine}"))
    with (recordings / "index.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "label", "machine"), *rows])
    (directory / "mlforge.yaml").write_text(CONTRACT.format(latency=latency, accuracy=accuracy, trials=trials))
    return directory


def command(app: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "mlforge", "optimise", str(app), "--json", *more]


def optimise(app: Path, *more: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(command(app, *more), capture_output=True, text=True, timeout=280, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def met(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, dict[str, Any]]:
    app = make_app(tmp_path_factory.mktemp("met") / "app")
    return (app, *optimise(app))


def test_a_contract_is_met_and_its_winner_locked(met: tuple[Path, int, dict[str, Any]]) -> None:
    app, status, document = met
    assert status == 0, document
    assert document["met"]
    assert (app / "model" / "shaker.tflite").is_file()
    assert (app / "mlforge.lock.yaml").is_file()
    assert "<html" in (app / ".mlforge" / "report.html").read_text()
    stages = {(quality["stage"], quality["split"]) for quality in document["lock"]["qualities"]}
    assert stages == {
        (stage, split) for stage in ("fp32-host", "int8-host", "int8-target") for split in ("validate", "test")
    }


def test_every_trial_has_its_cost_and_only_what_fits_was_trained(met: tuple[Path, int, dict[str, Any]]) -> None:
    for trial in met[2]["trials"]:
        assert trial["state"] in ("trained", "rejected"), trial["failure"]
        assert trial["cost"]["flash"]["total"] > 0
        assert ("train" in trial["seconds"]) == (trial["state"] == "trained")


def test_a_second_run_finds_everything_done(met: tuple[Path, int, dict[str, Any]]) -> None:
    app, _, first = met
    before = (app / "mlforge.lock.yaml").read_bytes()
    status, second = optimise(app)
    assert status == 0
    assert second["lock"] == first["lock"]
    assert (app / "mlforge.lock.yaml").read_bytes() == before


def test_verify_measures_what_the_lock_says(met: tuple[Path, int, dict[str, Any]]) -> None:
    words = [sys.executable, "-m", "mlforge", "verify", str(met[0]), "--json"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["notes"] == []


def test_a_changed_model_is_refused(met: tuple[Path, int, dict[str, Any]]) -> None:
    model = met[0] / "model" / "shaker.tflite"
    before = model.read_bytes()
    try:
        model.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
        for name in ("verify", "report"):
            words = [sys.executable, "-m", "mlforge", name, str(met[0])]
            done = subprocess.run(words, capture_output=True, text=True, timeout=100, check=False)
            assert done.returncode == 1
            assert "is not the model that mlforge.lock.yaml names" in done.stderr
    finally:
        model.write_bytes(before)


def test_killed_and_resumed_it_picks_the_same_winner(met: tuple[Path, int, dict[str, Any]], tmp_path: Path) -> None:
    app = make_app(tmp_path / "app")
    for seconds in (4.0, 9.0, 14.0):
        process = subprocess.Popen(command(app), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(seconds)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
    status, document = optimise(app)
    assert status == 0
    assert [trial["number"] for trial in document["trials"]] == list(range(len(document["trials"])))
    assert [trial["state"] for trial in document["trials"]].count("trained") == 3
    chosen = [
        [trial["architecture"] for trial in run["trials"]] + [run["winner"], run["lock"]["model"]["sha256"]]
        for run in (document, met[2])
    ]
    assert chosen[0] == chosen[1]


@pytest.mark.parametrize(
    ("changes", "binding"),
    [({"latency": "1 us", "trials": 1}, "latency"), ({"accuracy": 1.0, "trials": 1, "noise": 10.0}, "accuracy")],
    ids=["impossible limit", "impossible goal"],
)
def test_an_unmet_contract_ends_with_3_and_names_what_binds(
    tmp_path: Path, changes: dict[str, Any], binding: str
) -> None:
    app = make_app(tmp_path / "app", **changes)
    status, document = optimise(app)
    assert status == 3
    assert document["met"] is False
    assert document["binding"] == binding
    assert document["exhausted"] == ("of 20 proposals 20 broke a limit before training" if binding == "latency" else "")
    assert not (app / "mlforge.lock.yaml").exists()


def test_ctrl_c_stops_cleanly(tmp_path: Path) -> None:
    app = make_app(tmp_path / "app")
    process = subprocess.Popen(command(app), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert process.stderr.readline()  # it has begun, however busy the machine is
    time.sleep(4)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "the same command resumes" in err
    assert "Traceback" not in err
    assert "the same command resumes" in json.loads(out)["error"]["message"]


def test_another_study_of_the_same_data_measures_nothing_again(
    met: tuple[Path, int, dict[str, Any]], tmp_path: Path
) -> None:
    app = tmp_path / "app"
    shutil.copytree(met[0], app)
    contract = app / "mlforge.yaml"
    contract.write_text(contract.read_text().replace("latency: 20 ms", "latency: 19 ms"))
    status, second = optimise(app)
    assert status == 0
    before = {trial["number"]: trial for trial in met[2]["trials"]}
    for trial in second["trials"]:
        assert trial["architecture"] == before[trial["number"]]["architecture"]
        assert set(trial["recalled"]) == set(trial["seconds"])
        assert trial["qualities"] == before[trial["number"]]["qualities"]
        assert trial["cost"] == before[trial["number"]]["cost"]


def test_a_trained_model_is_the_first_candidate(met: tuple[Path, int, dict[str, Any]], tmp_path: Path) -> None:
    kept = (met[0] / ".mlforge" / "artefacts").iterdir()
    trained = next(file.read_bytes() for file in sorted(kept) if file.read_bytes()[:2] == b"PK")
    (tmp_path / "net.keras").write_bytes(trained)
    app = make_app(tmp_path / "app", trials=1)
    status, document = optimise(app, "--from", str(tmp_path / "net.keras"))
    assert status == 0, document
    lock = document["lock"]
    assert lock["study"]["winner"] == 0
    assert lock["architecture"]["imported"]["name"] == "net.keras"
    stages = {(quality["stage"], quality["split"]) for quality in lock["qualities"]}
    assert len(stages) == 6
    assert "imported: net.keras" in (app / ".mlforge" / "report.html").read_text()
