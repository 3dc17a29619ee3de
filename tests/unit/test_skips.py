"""A skip can hide everything: tests end early in one place only, tests/programs/require.py."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlforge.toolchain.sources import root

PLACE = root() / "tests" / "programs" / "require.py"
SKIPS = {"skip", "skipif", "importorskip", "skipTest", "SkipTest", "xfail"}


def skips(source: str) -> Iterator[int]:
    """Lines that skip, by an attribute or an import of such a name."""
    for node in ast.walk(ast.parse(source)):
        named = isinstance(node, ast.Attribute) and node.attr in SKIPS
        imported = isinstance(node, ast.ImportFrom) and SKIPS & {alias.name for alias in node.names}
        if isinstance(node, ast.expr | ast.stmt) and (named or imported):
            yield node.lineno


def test_tests_skip_in_one_place() -> None:
    found = [
        f"{path.relative_to(root())}:{line}"
        for folder in ("tests", "bench")
        for path in (root() / folder).rglob("*.py")
        if path != PLACE
        for line in skips(path.read_text(encoding="utf-8"))
    ]
    assert not found, "use tests/programs/require.py"


@pytest.mark.parametrize(
    "source",
    [
        "pytest.skip('x')",
        "@pytest.mark.skipif(True)\ndef f(): pass",
        "x = pytest.importorskip('y')",
        "from pytest import skip",
    ],
)
def test_a_skip_elsewhere_is_found(source: str) -> None:
    assert list(skips(source))


TESTS = """
import pytest
from tests.programs.require import {name}

def test_one():
    {name}({argument!r})

@pytest.mark.requires(tools=("no-such-tool",))
def test_two():
    raise AssertionError

@pytest.mark.requires(asked="MLFORGE_NO_SUCH_WISH=1")
def test_three():
    raise AssertionError
"""


@pytest.mark.parametrize(
    ("name", "variable"), [("missing", "MLFORGE_REQUIRE_TOOLS"), ("zephyr_missing", "MLFORGE_REQUIRE_ZEPHYR")]
)
@pytest.mark.parametrize("required", [False, True])
def test_what_must_be_there_fails_where_it_is_not(tmp_path: Path, name: str, variable: str, required: bool) -> None:
    (tmp_path / "test_it.py").write_text(TESTS.format(name=name, argument="why"), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.conftest",
        "-p",
        "no:cacheprovider",
        "-q",
        "-ra",
        str(tmp_path),
    ]
    command += ["-c", str(root() / "pyproject.toml"), f"--rootdir={root()}"]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(root()), "HOME": str(tmp_path)}
    if required:
        environment[variable] = "1"
    done = subprocess.run(
        command, cwd=root(), env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    tools = required and variable == "MLFORGE_REQUIRE_TOOLS"
    failed = (name == "missing" and tools) + (name == "zephyr_missing" and required) + tools
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (failed|error|skipped)", done.stdout)}
    assert counts.get("failed", 0) + counts.get("error", 0) == failed, done.stdout + done.stderr
    assert counts.get("skipped", 0) == 3 - failed
    assert "why" in done.stdout
