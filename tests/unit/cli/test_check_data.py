"""`check` loads the data, and what it says of them is what `optimise` and the report say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mlforge.app.prepare import inspect
from mlforge.cli.main import Status, main
from mlforge.contract.load import load_contract
from mlforge.report.html import render_html

CONTRACT = """\
name: leak
task: classification
data:
  loader: {npz: data.npz}
  split: {group: subject, validate: 0.2, test: 0.2}
features:
  - standardise: {}
limits: {flash: 32 KiB, ram: 8 KiB, latency: 5 ms}
goals: {accuracy: 0.75}
"""


@pytest.fixture
def leak(tmp_path: Path) -> Path:
    """Labels that say nothing of the signal, and each recording under two group names: the honest accuracy is 0.5, yet
    a model that learns by heart gets .775 on the test split."""
    random, x, y, subject = np.random.default_rng(3), [], [], []
    for person in range(50):
        pattern, label = random.standard_normal((32, 2)), "on" if random.random() < 0.5 else "off"
        for _ in range(8):
            signal = (pattern + 0.3 * random.standard_normal((32, 2))).astype(np.float32)
            for name in (f"p{person:02d}", f"p{person:02d}-again"):
                x.append(signal)
                y.append(label)
                subject.append(name)
    np.savez(tmp_path / "data.npz", x=np.array(x), y=np.array(y), subject=np.array(subject))
    (tmp_path / "mlforge.yaml").write_text(CONTRACT)
    return tmp_path


def test_twins_under_two_names_fail_the_check(leak: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(leak)]) == Status.ERROR
    said = capsys.readouterr().out
    assert "800 recordings of 100 groups (subject), 2 channels, 32 frames each" in said
    assert (
        "mlforge.yaml:5: data.split.group: error: 88 of 160 validate recordings and 56 of 160 test recordings" in said
    )
    assert "data.npz:34 = data.npz:33 of groups p02-again and p02" in said


def test_twins_that_the_contract_allows_pass_and_are_told(leak: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (leak / "mlforge.yaml").write_text(CONTRACT.replace("  loader", "  allow: [duplicates]\n  loader"))
    assert main(["check", str(leak)]) == Status.DONE
    assert "data.split.group: warning: 88 of 160" in capsys.readouterr().out


def test_without_the_data(leak: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (leak / "data.npz").unlink()
    assert main(["check", str(leak), "--no-data"]) == Status.DONE
    assert main(["check", str(leak)]) == Status.ERROR
    assert "--no-data" in capsys.readouterr().err


def test_findings_as_json(leak: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(leak), "--json"]) == Status.ERROR
    data = json.loads(capsys.readouterr().out)["data"]
    first = data["findings"][0]
    assert (first["kind"], first["severity"], first["where"]) == (
        "duplicates",
        "error",
        "mlforge.yaml:5: data.split.group",
    )
    assert data["summary"]["splits"][0]["classes"] == {"off": 184, "on": 296}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("group: subject", "group: person", "data.split.group names 'person'"),
        ("  split", "  strata: [side]\n  split", "data.strata names 'side'"),
        ("  - standardise", "  - window: {length: 33}\n  - standardise", "the window needs 33"),
        ("accuracy: 0.75}", "accuracy: 0.75, worst: 0.5}", "data.strata"),
    ],
)
def test_what_used_to_fail_in_optimise_alone(
    leak: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, words: str
) -> None:
    (leak / "mlforge.yaml").write_text(CONTRACT.replace(old, new))
    assert main(["check", str(leak)]) == Status.ERROR
    assert words in capsys.readouterr().err


def test_the_report_has_the_same(leak: Path) -> None:
    inspection = inspect(load_contract(leak))
    page = render_html(None, [], name="leak", data=inspection)
    assert "88 of 160 validate recordings and 56 of 160 test recordings" in page
    assert "mlforge.yaml:5: data.split.group" in page
    assert ">480<" in page
    assert "<h2>Data</h2>" not in render_html(None, [], name="leak")
