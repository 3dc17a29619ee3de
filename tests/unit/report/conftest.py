"""Hands the factory to the tests."""

from __future__ import annotations

import pytest

from tests.unit.report.factory import Factory


@pytest.fixture
def make() -> type[Factory]:
    return Factory
