"""One list of packages: what pyproject.toml, Zephyr's pip and the doctor say is what it says."""

from __future__ import annotations

import importlib.util
import tomllib
from typing import Any

import pytest

from mlforge.toolchain.packages import OPTIONAL, PACKAGES, absent, complaint, install_line, packages
from mlforge.toolchain.sources import root

PROJECT: dict[str, Any] = tomllib.loads((root() / "pyproject.toml").read_text())["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
DEVELOPMENT = {"dev", "docs", "fuzz", "bench"}  # of tests and benchmarks: no command needs them


def test_pyproject_is_the_list() -> None:
    assert sorted(PROJECT["dependencies"]) == sorted(package.requirement for package in packages(""))
    assert EXTRAS.keys() - DEVELOPMENT == {package.extra for package in PACKAGES} - {""}
    for extra in EXTRAS.keys() - DEVELOPMENT:
        told = {line.partition(";")[0].strip() for line in EXTRAS[extra]}
        assert told >= {package.requirement for package in packages(extra)}
    assert OPTIONAL.keys() == {package.extra for package in PACKAGES} - {"", "train"}


def test_each_machine_has_one_tensorflow() -> None:
    """What `pip download --platform` found wheels of: tensorflow-cpu for x86-64, tensorflow elsewhere."""
    from packaging.requirements import Requirement

    lines = [Requirement(line) for line in EXTRAS["train"] if line.startswith("tensorflow")]
    for machine, name in (
        ("x86_64", "tensorflow-cpu"),
        ("AMD64", "tensorflow-cpu"),
        ("aarch64", "tensorflow"),
        ("arm64", "tensorflow"),
    ):
        fits = [one.name for one in lines if one.marker and one.marker.evaluate({"platform_machine": machine})]
        assert fits == [name]


def test_zephyrs_pip_installs_what_every_command_may_need() -> None:
    lines = (root() / "zephyr" / "requirements.txt").read_text().splitlines()
    assert sorted(line for line in lines if not line.startswith("#")) == sorted(PROJECT["dependencies"])


def test_every_package_that_is_imported_is_in_the_list() -> None:
    known = {package.module.partition(".")[0] for package in PACKAGES}
    follow = {"sqlalchemy", "smp", "httpx2", "pydantic", "google"}  # of optuna, smpclient, openai
    assert imported() - known - follow == {"mlforge"}


def imported() -> set[str]:
    """The first parts of all modules that MLForge imports and that are not Python's own; programs in `inside` run in
    environments of other tools."""
    import ast
    import sys

    names = set()
    for path in (one for one in (root() / "python").rglob("*.py") if one.parent.name != "inside"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.partition(".")[0])
    return names - sys.stdlib_module_names


def test_what_is_missing_is_named_with_all_that_goes_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert complaint("pandas") is None
    told = complaint("rich")
    assert told is not None
    assert "rich>=13" in told[0] and told[1] == install_line(packages(""))
    assert complaint("elftools.elf.elffile") == complaint("elftools")
    train = complaint("keras")
    assert train is not None and "'tensorflow-cpu>=2.20'" in train[1] and "optuna" not in train[1]
    assert absent(PACKAGES) == PACKAGES


def test_a_package_inside_another_that_is_missing_is_missing() -> None:
    assert complaint("ruamel") is not None
