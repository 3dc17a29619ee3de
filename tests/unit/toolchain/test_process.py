"""Tools that succeed, fail, hang, and hang with children."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mlforge.errors import ToolError
from mlforge.toolchain.process import run


def test_output_and_status() -> None:
    done = run(["sh", "-c", "echo out; echo err >&2; exit 3"], timeout_s=10)
    assert (done.status, done.output) == (3, "out\nerr\n")


def test_a_missing_tool_is_named() -> None:
    with pytest.raises(ToolError, match="no-such-tool is not installed"):
        run(["no-such-tool"], timeout_s=1)


def test_a_hanging_tool_ends_with_its_children(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    script = f"(sleep 1.5; touch {alive}) & echo started; wait"
    start = time.monotonic()
    with pytest.raises(ToolError, match=r"still running after 0\.5 s") as caught:
        run(["sh", "-c", script], timeout_s=0.5)
    assert time.monotonic() - start < 1.4
    assert "started" in caught.value.log
    time.sleep(1.5)
    assert not alive.exists()
