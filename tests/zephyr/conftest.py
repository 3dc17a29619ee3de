"""One reason for all when there is no Zephyr here; with MLFORGE_REQUIRE_ZEPHYR=1 that is a failure."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.zephyr.mcuboot import BOARDS
from tests.zephyr.ota_app import Field, Ota, build_ota, shared_by
from tests.zephyr.workspace import BUILD_TIMEOUT_S, Workspace, boards, require_toolchain, require_workspace

collect_ignore = ["suites"]  # twister's way to the files beside it


@pytest.fixture(scope="session")
def zephyr() -> Workspace:
    return require_workspace()


@pytest.fixture
def need_toolchain(zephyr: Workspace, request: pytest.FixtureRequest) -> None:
    """Skips a test of a board that no toolchain is named for."""
    require_toolchain(request.node.callspec.params["board"])


def pytest_itemcollected(item: pytest.Item) -> None:
    """Whoever builds first waits for a build, whatever else the test takes."""
    if item.get_closest_marker("timeout") is None:
        item.add_marker(pytest.mark.timeout(BUILD_TIMEOUT_S + 100))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Skips are reported from one place, so that pytest's summary has one line with their number and reason."""
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple) and Path(__file__).parent in item.path.parents:
        report.longrepr = (str(Path(__file__).parent), 0, report.longrepr[2])
    return report


ALL_OTA = os.environ.get("MLFORGE_TEST_OTA") == "all"


@pytest.fixture(scope="session", params=boards(*(BOARDS if ALL_OTA else ("mps2/an385",))))
def ota(request: pytest.FixtureRequest, zephyr: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Ota:
    """The application of releases, built with MCUboot, once for all tests."""
    require_toolchain(request.param)
    board = BOARDS[request.param]
    return build_ota(zephyr, board, shared_by(tmp_path_factory.getbasetemp(), board))


@pytest.fixture
def field(ota: Ota, tmp_path: Path) -> Iterator[Field]:
    """Devices that are switched off when the test ends. pytest keeps what their consoles said in its directory."""
    devices = Field(ota, tmp_path)
    yield devices
    devices.off()
