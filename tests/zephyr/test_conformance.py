"""What every target must do, of Zephyr's: the tests of tests/conformance, unchanged."""

from __future__ import annotations

import pytest

from mlforge.targets.registry import target_named
from mlforge.targets.target import Target
from tests.conformance.test_targets import *  # noqa: F403
from tests.zephyr.workspace import Workspace, boards

pytestmark = pytest.mark.zephyr


@pytest.fixture(params=boards("mps2/an386", "native_sim"))
def board(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture  # type: ignore[no-redef] # pytest overrides a fixture by its name
def target(zephyr: Workspace, board: str, need_toolchain: None) -> Target:
    found = target_named(f"zephyr:{board}")
    assert found.unavailable() is None
    return found
