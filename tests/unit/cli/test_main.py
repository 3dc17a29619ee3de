"""The command line as scripts and people meet it: help at once, one JSON document, exit statuses, plain errors."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mlforge.cli.main import COMMANDS, Status, main, module_of
from tests.programs.require import missing

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "samples" / "activity"


def mlforge(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mlforge", *words], capture_output=True, text=True, timeout=60, check=False
    )


def test_help_answers_at_once() -> None:
    def seconds() -> float:
        """Of processor time: what else the machine does is not the program's fault."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        mlforge("--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    assert min(seconds() for _ in range(5)) < 0.3


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert name in capsys.readouterr().out


def test_no_command_imports_tensorflow_before_it_trains() -> None:
    names = ", ".join(module_of(name) for name in COMMANDS)
    heavy = "{'tensorflow', 'keras', 'optuna', 'numpy', 'rich'}"
    program = f"import sys, {names}; sys.exit(str({heavy} & sys.modules.keys()) if {heavy} & sys.modules.keys() else 0)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("words", [[], ["bogus"], ["run"], ["optimise", "--trials", "0"], ["check", "a", "b"]])
def test_wrong_usage_is_2(words: list[str]) -> None:
    done = mlforge(*words)
    assert done.returncode == Status.USAGE
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["check", "/nowhere"], "mlforge.yaml"),
        (["run", "/nowhere.tflite"], "no such file"),
        (["run", __file__], "no TensorFlow Lite model"),
        (["footprint", __file__], "ELF"),
        (["verify", "/nowhere"], "mlforge.yaml"),
        (["run", __file__, "--target", "toaster"], "toaster"),
        (["run", __file__, "--clock", "fast"], "--clock"),
        (["init", "/nowhere"], "not a directory"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_errors_are_sentences(words: list[str], expected: str) -> None:
    done = mlforge(*words)
    assert done.returncode == Status.ERROR
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_pipe_named_as_a_model_is_no_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.tflite"
    os.mkfifo(pipe)
    assert "not a file" in mlforge("run", str(pipe)).stderr


def test_a_name_in_a_file_does_not_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trees = Path(__file__).parents[2] / "trees" / "xgboost_values.json"
    (tmp_path / "trees.json").write_text(trees.read_text().replace('"name":"gbtree"', '"name":"\\u001b[2J\\u009b"'))
    np.savez(tmp_path / "x.npz", x=np.zeros((2, 10), np.float32))
    words = ["import", str(tmp_path / "trees.json"), "--representative", str(tmp_path / "x.npz")]
    assert main(words) == Status.ERROR
    assert r"the XGBoost booster is \x1b[2J\x9b" in capsys.readouterr().err


def test_check_names_value_and_source_of_each_limit(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(SAMPLE), "--json"]) == Status.DONE
    settings = {row["key"]: row for row in json.loads(capsys.readouterr().out)["settings"]}
    assert settings["limits.flash"]["value"] == 32 * 1024
    assert settings["limits.flash"]["source"].startswith("mlforge.yaml:")
    assert settings["limits.latency"]["value"] == 5000.0


def test_init_writes_a_contract_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(tmp_path), "--name", "motor"]) == Status.DONE
    text = (tmp_path / "mlforge.yaml").read_text()
    assert "name: motor" in text
    assert main(["init", str(tmp_path)]) == Status.ERROR
    assert (tmp_path / "mlforge.yaml").read_text() == text
    assert "exists already" in capsys.readouterr().err


def test_west_runs_the_same_program(tmp_path: Path) -> None:
    west = shutil.which("west", path=str(Path(sys.executable).parent))
    if west is None:
        missing("west is not installed beside this Python")
    workspace = tmp_path / "workspace"
    (workspace / ".west").mkdir(parents=True)
    (workspace / ".west" / "config").write_text("[manifest]\npath = mlforge\nfile = west-standalone.yml\n")
    (workspace / "mlforge").symlink_to(ROOT)
    done = subprocess.run(
        [west, "mlforge", "check", str(SAMPLE), "--json"],
        cwd=workspace,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["name"] == "activity"


@pytest.mark.parametrize("more", [[], ["--optional"]])
def test_doctor_names_packages_where_nothing_is_installed(tmp_path: Path, more: list[str]) -> None:
    """As scripts/setup.sh asks on a bare machine: no packages, no compiler, no QEMU."""
    command = [sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT / 'python')!r});"]
    command[-1] += f"from mlforge.cli.main import main; sys.exit(main(['doctor', '--missing-packages', *{more}]))"
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    packages = done.stdout.split()
    assert {"gcc", "gcc-arm-none-eabi", "libnewlib-arm-none-eabi", "qemu-system-arm"} <= set(packages)
    assert ("qemu-system-misc" in packages) == bool(more)


def test_setup_stops_where_the_doctor_cannot_answer(tmp_path: Path) -> None:
    """What is missing must be known: the empty answer of a broken doctor would look like "nothing"."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "setup.sh", tmp_path / "scripts")
    package = tmp_path / "python" / "mlforge"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text("raise SystemExit(2)\n")
    done = subprocess.run(
        [tmp_path / "scripts" / "setup.sh", "run"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0
    assert not (tmp_path / ".venv").exists()
