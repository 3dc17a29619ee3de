"""One reason for all when there is no Zephyr here; with MLFORGE_REQUIRE_ZEPHYR=1 that is a failure."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.zephyr.workspace import Workspace, find_workspace, require_toolchain, unavailable


@pytest.fixture(scope="session")
def zephyr() -> Workspace:
    found = find_workspace()
    if isinstance(found, str):
        unavailable(found)
        raise AssertionError("unreachable")
    return found


@pytest.fixture
def need_toolchain(zephyr: Workspace, request: pytest.FixtureRequest) -> None:
    """Skips a test of a board that no toolchain is named for."""
    require_toolchain(request.node.callspec.params["board"])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Skips are reported from one place, so that pytest's summary has one line with their number and reason."""
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple) and Path(__file__).parent in item.path.parents:
        report.longrepr = (str(Path(__file__).parent), 0, report.longrepr[2])
    return report
