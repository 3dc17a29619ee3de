"""One reason for all when there is no Zephyr here; with MLFORGE_REQUIRE_ZEPHYR=1 that is a failure."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from mlforge.toolchain.zephyr import toolchain_settings
from tests.zephyr.workspace import Workspace, find_workspace


@pytest.fixture(scope="session")
def zephyr() -> Workspace:
    found = find_workspace()
    if isinstance(found, str):
        _unavailable(found)
        raise AssertionError("unreachable")
    return found


@pytest.fixture
def need_toolchain(zephyr: Workspace, request: pytest.FixtureRequest) -> None:
    """Skips a test of a board that no toolchain is named for."""
    board = request.node.callspec.params["board"]
    if toolchain_settings(board) is None:
        _unavailable("no Zephyr toolchain for the board (ZEPHYR_TOOLCHAIN_VARIANT, or an installed SDK)")


def _unavailable(reason: str) -> None:
    if os.environ.get("MLFORGE_REQUIRE_ZEPHYR") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Skips are reported from one place, so that pytest's summary has one line with their number and reason."""
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple) and Path(__file__).parent in item.path.parents:
        report.longrepr = (str(Path(__file__).parent), 0, report.longrepr[2])
    return report
