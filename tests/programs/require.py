"""What a test needs and may not find. Nothing else in the tests skips (tests/unit/test_skips.py).

A test that misses a tool which `make test` installs is skipped; with MLFORGE_REQUIRE_TOOLS=1, which `make pytest`
sets, it fails. A test that misses Zephyr is skipped; with MLFORGE_REQUIRE_ZEPHYR=1 it fails. Tests that nobody asked
for, and tests that do not apply, are always skipped.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

import pytest

from mlforge.targets.registry import target_named
from mlforge.targets.target import Target
from mlforge.toolchain.process import find
from tests.programs.models import MODELS

REQUIRE_TOOLS = "MLFORGE_REQUIRE_TOOLS"
REQUIRE_ZEPHYR = "MLFORGE_REQUIRE_ZEPHYR"


def missing(reason: str) -> NoReturn:
    """A tool, or a package, that `make test` installs is not there."""
    _end(reason, REQUIRE_TOOLS)


def zephyr_missing(reason: str) -> NoReturn:
    """There is no Zephyr workspace, or not all of it that the test needs."""
    _end(reason, REQUIRE_ZEPHYR)


def unasked(reason: str) -> NoReturn:
    """A test that takes long, or needs what cannot be installed, runs only if asked for. `reason` says how."""
    pytest.skip(reason)


def inapplicable(reason: str) -> NoReturn:
    """The test has no meaning for this target or this machine."""
    pytest.skip(reason)


def require(target: Target | str) -> None:
    """The target, by its name too, can run here."""
    found = target_named(target) if isinstance(target, str) else target
    if reason := found.unavailable():
        missing(f"{found.name}: {reason}")


def require_tools(*names: str) -> None:
    """The programs are installed."""
    for name in names:
        if find(name) is None:
            missing(f"{name} is not installed")


BROWSERS: Final = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def require_browser() -> str:
    """The name of one that draws pages without a screen. `make test` installs none; the nightly run does."""
    found = next((name for name in BROWSERS if find(name) is not None), None)
    if found is None:
        unasked("no browser: install chromium-headless-shell")
    return found


def require_babeltrace() -> str:
    """The reader of the Common Trace Format. `make test` installs none; the nightly run does."""
    if find("babeltrace2") is None:
        unasked("no reader of the Common Trace Format: install babeltrace2")
    return "babeltrace2"


def require_packages(*names: str) -> None:
    """The Python packages are installed. They are not imported: TensorFlow must never be loaded into this process."""
    for name in names:
        if importlib.util.find_spec(name) is None:
            missing(f"the Python package {name} is not installed")


def require_platform(name: str) -> None:
    """The operating system is this one, as sys.platform calls it."""
    if sys.platform != name:
        inapplicable(f"for {name} only")


def require_models(wanted: bool) -> None:
    """The MLPerf Tiny models are here. They are no part of the repository, and nothing installs them."""
    if wanted and not MODELS.is_dir():
        unasked("no MLPerf Tiny models: set MLFORGE_MODELS to the directory that holds mlperf_tiny/")


def require_asked(variable: str) -> None:
    """`NAME=VALUE`: the environment says so. `NAME`: it says anything."""
    name, _, value = variable.partition("=")
    found = os.environ.get(name, "")
    if not found or value not in ("", found):
        unasked(f"takes long: runs with {variable}")


MARKS: Final[Mapping[str, Callable[[Any], None]]] = {
    "target": require,
    "tools": lambda names: require_tools(*names),
    "packages": lambda names: require_packages(*names),
    "platform": require_platform,
    "models": require_models,
    "asked": require_asked,
}


def require_marks(item: pytest.Item) -> None:
    """What `@pytest.mark.requires(target=…, tools=…, packages=…, platform=…, models=…, asked=…)` of a test asks for."""
    for mark in item.iter_markers("requires"):
        for name, wanted in mark.kwargs.items():
            MARKS[name](wanted)


def _end(reason: str, variable: str) -> NoReturn:
    if os.environ.get(variable) == "1":
        pytest.fail(reason)
    pytest.skip(reason, allow_module_level=True)
