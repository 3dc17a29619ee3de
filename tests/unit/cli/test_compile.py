"""`mlforge compile`: what it writes, when it writes, what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mlforge.cli.main import main
from tests.programs.locked_app import lock_model, locked_app, tiny_tflite


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return locked_app(tmp_path / "an app")


def test_model_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "my-model.tflite"
    model.write_bytes(tiny_tflite())
    assert main(["compile", str(model), "-o", str(tmp_path / "out"), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["name"] == "my_model"
    assert facts["arena_bytes"] >= facts["lower_bound_bytes"] > 0
    assert facts["weight_bytes"] == sum(operator["weight_bytes"] for operator in facts["operators"])
    assert facts["files"] == ["my_model_model.c", "my_model_model.h", "my_model_symbols.json"] == facts["changed"]
    assert f"MY_MODEL_ARENA_BYTES {facts['arena_bytes']}" in (tmp_path / "out/my_model_model.h").read_text()


def test_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.tflite").write_bytes(tiny_tflite())
    assert main(["compile", str(tmp_path / "m.tflite"), "-o", str(tmp_path), "--name", "net"]) == 0
    assert capsys.readouterr().out.startswith("net: arena ")


def test_app_brings_features_and_facts(app: Path, tmp_path: Path) -> None:
    assert main(["compile", "--app", str(app), "-o", str(tmp_path / "out")]) == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    parts = ("decision.c", "decision.h", "facts.h", "model.c", "model.h", "pipeline.c", "pipeline.h", "symbols.json")
    assert names == {f"activity_{part}" for part in parts}
    facts = (tmp_path / "out/activity_facts.h").read_text()
    assert '#define ACTIVITY_CLASSES {"walk", "run", "sit"}' in facts
    assert "#define ACTIVITY_LATENCY_LIMIT_US 5000" in facts


def test_only_what_changed_is_written(app: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["compile", "--app", str(app), "-o", str(tmp_path / "out"), "--json"]
    assert main(command) == 0
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    capsys.readouterr()
    assert main(command) == 0
    assert json.loads(capsys.readouterr().out)["changed"] == []
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    lock_model(app, tiny_tflite(seed=2))
    assert main(command) == 0
    assert json.loads(capsys.readouterr().out)["changed"] == ["activity_facts.h", "activity_model.c"]


def test_depfile_names_the_inputs_and_escapes_spaces(app: Path, tmp_path: Path) -> None:
    stamp, depfile = tmp_path / "stamp", tmp_path / "stamp.d"
    command = ["compile", "--app", str(app), "-o", str(tmp_path), "--stamp", str(stamp), "--depfile", str(depfile)]
    assert main(command) == 0
    assert stamp.is_file()
    target, inputs = depfile.read_text().replace("\\\n", "").split(": ", maxsplit=1)
    assert target == str(stamp)
    escaped = str(app).replace(" ", "\\ ")
    for name in ("mlforge.yaml", "mlforge.lock.yaml", "model/activity.tflite"):
        assert f"{escaped}/{name}" in inputs
    assert "mlforge/compiler/emitter.py" in inputs
    assert "mlforge/compiler/templates/model.c.j2" in inputs


@pytest.mark.parametrize(
    ("breaking", "complaint"),
    [
        (lambda app: (app / "mlforge.lock.yaml").unlink(), "has no mlforge.lock.yaml"),
        (
            lambda app: (app / "model/activity.tflite").write_bytes(tiny_tflite(9)),
            "is not the model that mlforge.lock.yaml",
        ),
        (lambda app: (app / "model/activity.tflite").unlink(), "activity.tflite is named by mlforge.lock.yaml but"),
        (lambda app: (app / "mlforge.yaml").write_text("name: activity\n"), "mlforge.yaml"),
        (lambda app: _append(app, "engine: tflm\n"), "is not known yet"),
        (lambda app: _rename(app), "is the lock of 'activity', mlforge.yaml asks for 'other'"),
    ],
)
def test_refusals(app: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], breaking, complaint: str) -> None:  # type: ignore[no-untyped-def]
    breaking(app)
    assert main(["compile", "--app", str(app), "-o", str(tmp_path / "out")]) == 1
    assert complaint in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def _append(app: Path, text: str) -> None:
    contract = app / "mlforge.yaml"
    contract.write_text(contract.read_text() + text)


def _rename(app: Path) -> None:
    contract = app / "mlforge.yaml"
    contract.write_text(contract.read_text().replace("name: activity", "name: other"))


def test_a_changed_contract_is_told(app: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    contract = app / "mlforge.yaml"
    contract.write_text(contract.read_text().replace("0.80", "0.70"))
    assert main(["compile", "--app", str(app), "-o", str(tmp_path)]) == 0
    assert "has changed since its model was locked" in capsys.readouterr().err


def test_a_locked_model_by_its_path(app: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (app / "model/activity.tflite").write_bytes(tiny_tflite(9))
    assert main(["compile", str(app / "model/activity.tflite"), "-o", str(tmp_path / "out")]) == 1
    assert "is not the model that" in capsys.readouterr().err


def test_no_training_code_is_imported(app: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from mlforge.cli.main import main; "
        f"main(['compile', '--app', {str(app)!r}, '-o', {str(tmp_path)!r}]); "
        "print(sorted({'tensorflow', 'keras', 'optuna', 'sqlalchemy', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
