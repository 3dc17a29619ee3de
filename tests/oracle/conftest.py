"""The interpreters, installed when the first test asks for them."""

from __future__ import annotations

import pytest

from tests.oracle.wheel import Oracle, install


@pytest.fixture(scope="session")
def newest() -> Oracle:
    """The version that the engine is exact with."""
    return install("newest.txt")
