"""For all tests: what a test's mark `requires` is looked for before its fixtures are."""

from __future__ import annotations

import pytest

from tests.programs.require import require_marks


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    require_marks(item)
