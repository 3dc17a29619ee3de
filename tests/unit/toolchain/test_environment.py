"""Pythons with packages of their own: found, made once, refused in one sentence."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mlforge.errors import ToolError
from mlforge.toolchain import environment
from mlforge.toolchain.environment import ONNX, TORCH, python_of
from mlforge.toolchain.process import Finished


class Machine:
    """Answers commands; `version` is that of each Python here."""

    def __init__(self) -> None:
        self.version, self.status, self.output = "3 12 4 linux-x86_64", 0, ""
        self.commands: list[list[str]] = []

    def run(self, command: list[object], *, timeout_s: float) -> Finished:
        words = [str(word) for word in command]
        if "ensurepip" in words[-1]:
            return Finished(0, self.version, 0.0)
        self.commands.append(words)
        return Finished(self.status if "pip" in words else 0, self.output, 0.0)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    one = Machine()
    monkeypatch.setenv("MLFORGE_CACHE", str(tmp_path))
    monkeypatch.delenv(ONNX.variable, raising=False)
    monkeypatch.setattr(environment, "run", one.run)
    return one


def test_made_once_by_hash(machine: Machine, tmp_path: Path) -> None:
    python = python_of(ONNX)
    assert python.parent.name == "bin"
    assert tmp_path in python.parents
    made = len(machine.commands)
    assert any("--require-hashes" in words for words in machine.commands)
    assert python_of(ONNX) == python
    assert len(machine.commands) == made


def test_without_network(machine: Machine) -> None:
    machine.status, machine.output = 1, "NewConnectionError: ... Temporary failure in name resolution"
    with pytest.raises(ToolError, match="the package index cannot be reached") as caught:
        python_of(ONNX)
    assert ONNX.variable in caught.value.hint
    machine.status = 0
    assert python_of(ONNX), "a failed installation leaves nothing behind"


def test_a_python_that_is_too_old(machine: Machine) -> None:
    machine.version = "3 11 2 linux-x86_64"
    with pytest.raises(ToolError, match=r"no Python 3\.12 or newer"):
        python_of(ONNX)


def test_a_python_of_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFORGE_ANY_PYTHON", sys.executable)
    assert python_of(replace(ONNX, variable="MLFORGE_ANY_PYTHON", module="json")) == Path(sys.executable)
    with pytest.raises(ToolError, match="expected a Python that has no_such_module"):
        python_of(replace(ONNX, variable="MLFORGE_ANY_PYTHON", module="no_such_module"))


@pytest.mark.parametrize("one", [ONNX, TORCH], ids=lambda one: str(one.name))
def test_all_is_pinned_and_hashed(one: environment.Environment) -> None:
    text = one.lock.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert lines
    for line in lines:
        assert re.match(r"[a-z0-9-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line), line
    assert all("==" in requirement for requirement in one.pinned)
