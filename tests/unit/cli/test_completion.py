"""Completion in the shells that are here, by the shells themselves."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from mlforge.cli.completion import SHELLS, completed
from mlforge.cli.main import COMMANDS, main


def printed(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


def bash(script: str, *words: str) -> set[str]:
    """What bash offers for the last of the words."""
    listed = " ".join(f"'{word}'" for word in words)
    program = (
        f"{script}\nCOMP_WORDS=({listed}); COMP_CWORD={len(words) - 1}; _mlforge; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    )
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert done.stderr == ""
    return set(done.stdout.split())


def test_bash(capsys: pytest.CaptureFixture[str]) -> None:
    script = printed("bash", capsys)
    assert bash(script, "mlforge", "") == {*COMMANDS, "--help", "--version"}
    assert bash(script, "mlforge", "opt") == {"optimise"}
    assert bash(script, "mlforge", "optimise", "--tr") == {"--trials"}
    assert bash(script, "mlforge", "compile", "--isa", "") == {"generic", "thumb1", "dsp", "mve"}
    assert bash(script, "mlforge", "completion", "") == set(SHELLS)
    assert bash(script, "mlforge", "check", "") == set(), "files, which bash adds by itself"


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_others(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    script = printed(shell, capsys)
    for name in COMMANDS:
        assert name in script
        for option in completed(name).options:
            assert all(word.lstrip("-") in script for word in option.words)
    if program := shutil.which(shell):
        done = subprocess.run([program, "-n"], input=script, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr


def test_another_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "tcsh"]) == 2
    assert "bash" in capsys.readouterr().err
