"""With --json, an error is one JSON document on stdout, for every command and every kind of error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlforge.cli.main import COMMANDS, Status, main
from tests.unit.cli.test_empty_environment import WORDS

NOWHERE = {"check": ["/nowhere"], "optimise": ["/nowhere"], "verify": ["/nowhere"], "report": ["/nowhere"]}
SILENT = {"targets", "doctor", "completion"}  # nothing can go wrong there


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in SILENT])
def test_an_error_is_json_on_stdout(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mlforge.yaml").write_text("name: 1x\n")
    words = [word if word.startswith("-") or "/" not in word else "/nowhere" for word in WORDS[name]]
    status = main([name, *words, "--json"])
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert document["status"] == status in (Status.ERROR, Status.USAGE)
    assert document["error"]["message"] in err


def test_a_usage_error_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--json"]) == Status.USAGE
    out, err = capsys.readouterr()
    assert json.loads(out)["error"]["kind"] == "UsageError"
    assert err.startswith("usage: ")


def test_every_mistake_of_a_contract_has_its_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mlforge.yaml").write_text("name: 1x\ntask: none\n")
    assert main(["check", str(tmp_path), "--json"]) == Status.ERROR
    problems = json.loads(capsys.readouterr().out)["error"]["problems"]
    assert {"name", "task"} <= {problem["key"] for problem in problems}
    assert {problem["line"] for problem in problems if problem["key"] == "task"} == {2}
