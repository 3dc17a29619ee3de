"""Skipping what this machine cannot run; with MLFORGE_REQUIRE_TOOLS=1 such a skip is a failure."""

from __future__ import annotations

import os

import pytest

from mlforge.targets.target import Target


def require(target: Target) -> None:
    """Skips, or fails, where the target is unavailable."""
    if (reason := target.unavailable()) is None:
        return
    if os.environ.get("MLFORGE_REQUIRE_TOOLS") == "1":
        pytest.fail(f"{target.name}: {reason}")
    pytest.skip(f"{target.name}: {reason}")
