"""One reason for all when there is no Zephyr here; with MLFORGE_REQUIRE_ZEPHYR=1 that is a failure."""

from __future__ import annotations

import os

import pytest

from tests.zephyr.workspace import Workspace, find_workspace, toolchain


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
    if toolchain(board) is None:
        _unavailable(f"no Zephyr toolchain for {board} (ZEPHYR_TOOLCHAIN_VARIANT, or an installed SDK)")


def _unavailable(reason: str) -> None:
    if os.environ.get("MLFORGE_REQUIRE_ZEPHYR") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
