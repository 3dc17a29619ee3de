"""The workflows for GitHub Actions against GitHub's own schema, and against what the repository has."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from mlforge.toolchain.sources import root

WORKFLOWS = (
    root() / ".github" / "workflows" / "checks.yml",
    root() / ".github" / "workflows" / "nightly.yml",
    root() / ".github" / "workflows" / "release.yml",
    root() / "docs" / "examples" / "firmware.yml",
)
ACTION = root() / "action.yml"
CHECK = Path(sys.executable).with_name("check-jsonschema")


def complaints(workflow: Path, schema: str = "vendor.github-workflows") -> str:
    """What the checker says against a workflow; empty where that is nothing."""
    command: list[str | Path] = [CHECK, "--builtin-schema", schema, workflow]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.requires(packages=("check_jsonschema",))
def test_the_action_as_github_wants_it(tmp_path: Path) -> None:
    assert not complaints(ACTION, "vendor.github-actions")
    broken = tmp_path / "action.yml"
    broken.write_text(ACTION.read_text().replace("using: composite", "using: bash"), encoding="utf-8")
    assert complaints(broken, "vendor.github-actions")


def commands(workflow: Path) -> list[str]:
    found = YAML(typ="safe").load(workflow)
    jobs = found["jobs"].values() if "jobs" in found else [found["runs"]]
    return [step["run"] for job in jobs for step in job["steps"] if "run" in step]


@pytest.mark.requires(packages=("check_jsonschema",))
def test_as_github_wants_them(tmp_path: Path) -> None:
    assert not [found for found in map(complaints, WORKFLOWS) if found]
    broken = tmp_path / "broken.yml"
    broken.write_text(WORKFLOWS[1].read_text().replace("runs-on:", "runs_on:"), encoding="utf-8")
    assert "runs_on" in complaints(broken) or "runs-on" in complaints(broken)


@pytest.mark.parametrize("workflow", (*WORKFLOWS, ACTION), ids=lambda path: path.stem)
def test_commands_are_there(workflow: Path) -> None:
    known = {path.stem for path in (root() / "python" / "mlforge" / "cli").glob("*.py")}
    targets = re.findall(r"^(\w[\w-]*):", (root() / "Makefile").read_text(), re.MULTILINE)
    for command in commands(workflow):
        if ours := re.match(r"west mlforge (\w+)", command):
            assert ours[1] in known, command
        elif made := re.match(r"make (\w+)", command):
            assert made[1] in targets, command
        for path in re.findall(r"mlforge/([\w./]+)", command):
            assert (root() / path).exists(), command
        if shell := shutil.which("bash"):
            assert subprocess.run([shell, "-n", "-c", command], timeout=20).returncode == 0, command
