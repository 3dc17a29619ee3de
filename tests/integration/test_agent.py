"""`optimise` with an agent, whole: a local endpoint, real builds and QEMU; killed, resumed, replayed without a network.

The limit on latency is so tight that nothing is ever trained: proposing and costing are what is tested.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.search.agent.disguises import DISGUISES
from tests.unit.search.agent.endpoint import Asked, Behaviour, completion, endpoint, proposal, send

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.requires(target="mps2/an386"),
]

KEY = "sk-local-0123456789abcdefXYZ"
EVIL = "<script>alert(1)</script>\x1b[31m\u202e"
CONTRACT = """\
name: tiny
task: classification
data:
  loader: {{npz: secret-ward.npz}}
  split: {{validate: 0.2, test: 0.2}}
limits: {{flash: 8 KiB, latency: 1 us}}
goals: {{accuracy: 0.7}}
search: {{proposer: agent, trials: 1, seed: 3, workers: 1, agent: {{model: m, endpoint: '{url}', timeout: 40 s}}}}
"""


def make_app(directory: Path, url: str) -> Path:
    directory.mkdir()
    random = np.random.default_rng(1)
    x = random.normal(0, 1, (60, 8)).astype("float32")
    np.savez(directory / "secret-ward.npz", x=x, y=np.where(x[:, 0] > 0, "ill-patient", "well-patient"))
    (directory / "mlforge.yaml").write_text(CONTRACT.format(url=url))
    return directory


def start(app: Path, *more: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "MLFORGE_KEY_127_0_0_1": KEY}
    command = [sys.executable, "-m", "mlforge", "optimise", str(app), "--json", *more]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> tuple[int, dict[str, Any], str]:
    out, err = process.communicate(timeout=200)
    assert KEY not in out + err
    return process.returncode, json.loads(out) if out else {}, err


def answers(text: str) -> Behaviour:
    def behave(handler: BaseHTTPRequestHandler, asked: Asked) -> None:
        assert asked.headers["authorization"] == f"Bearer {KEY}"
        send(handler, 200, completion(text))

    return behave


def dense(*units: int) -> list[dict[str, Any]]:
    return [{"kind": "Dense", "units": count, "activation": "relu"} for count in units]


def proposals(trials: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(one["architecture"], one["parameters"], one["proposer"], one["reasoning"]) for one in trials]


def test_killed_resumed_and_replayed(tmp_path: Path) -> None:
    running: list[subprocess.Popen[str]] = []

    def kills(handler: BaseHTTPRequestHandler, _: Asked) -> None:
        os.kill(running[-1].pid, signal.SIGKILL)

    script = [
        answers(proposal(dense(16), "I wonder", action="cost")),
        answers(proposal(dense(16), EVIL)),
        answers(proposal(dense(12, 10), "?", action="cost")),
        kills,
        answers("rubbish"),
        answers(proposal(dense(12), "smaller")),
        answers(proposal(dense(16), "the first again")),
        answers(proposal(dense(5, 5), "deeper")),
        *(answers(proposal(dense(6, units), "wider")) for units in range(3, 10)),
    ]
    with endpoint(*script) as known:
        app = make_app(tmp_path / "app", known.url)
        running.append(start(app))
        status, _, _ = ended(running[0])
        assert status == -signal.SIGKILL
        running.append(start(app))
        status, document, said = ended(running[1])
    assert status == 3, said
    trials = document["trials"]
    assert [one["proposer"] for one in trials] == ["agent", "tpe"] * 10  # no proposal keeps the limits
    assert [one["state"] for one in trials] == ["rejected"] * 20
    assert [len(trials[number]["architecture"]["layers"]) for number in range(0, 20, 2)] == [1, 1, *[2] * 8]
    assert trials[0]["reasoning"] == "<script>alert(1)</script>[31m"
    assert trials[0]["parameters"] == {"family": "networks", "layers": 1, "layer1.units": 16, "dropout": 0.0}
    assert len(known.asked) == 15  # nothing that had been answered was asked again

    report = (app / ".mlforge" / "report.html").read_text()
    assert "&lt;script&gt;alert(1)" in report and "<script" not in report
    assert "\x1b" not in report + said
    told = json.dumps([asked.body for asked in known.asked])
    assert not [word for word in ("patient", "ward", "tiny", str(tmp_path)) if word in told]
    for file in app.rglob("*"):
        assert not file.is_file() or KEY.encode() not in file.read_bytes(), file

    elsewhere = make_app(tmp_path / "elsewhere", known.url)
    shutil.copytree(app / ".mlforge" / "agent", elsewhere / ".mlforge" / "agent")
    status, again, said = ended(start(elsewhere, "--replay"))
    assert status == 3, said
    assert proposals(again["trials"]) == proposals(trials)
    assert len(known.asked) == 15


@pytest.mark.parametrize("disguise", ["JSON escapes", "base64"])
def test_a_disguised_key_stands_nowhere(tmp_path: Path, disguise: str) -> None:
    """Neither as it came nor as a reader of JSON would see it; be it terminal, study, report or archive."""
    told = DISGUISES[disguise](KEY)
    with endpoint(answers(proposal(dense(16)).replace("because", told))) as known:
        app = make_app(tmp_path / "app", known.url)
        status, document, said = ended(start(app))
    assert status == 3, said
    assert document["trials"][0]["proposer"] == "tpe" and "the key" in document["trials"][0]["handed_over"]
    assert len(known.asked) == 1
    for file in (path for path in app.rglob("*") if path.is_file()):
        assert KEY.encode() not in file.read_bytes() and told.encode() not in file.read_bytes(), file
    assert told not in json.dumps(document) + said
