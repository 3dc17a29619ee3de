"""An application with a thread that locks interrupts for half a millisecond: it is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlforge.cli.main import main
from tests.zephyr.workspace import Workspace, boards

pytestmark = [pytest.mark.zephyr, pytest.mark.usefixtures("need_toolchain")]
APP = Path(__file__).parent / "blocking"


@pytest.mark.parametrize("board", boards("qemu_cortex_m3", "mps2/an385"))
def test_the_function_that_blocks_longest_is_named(
    zephyr: Workspace, board: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    zephyr.build(APP, tmp_path / "build", board)
    words = ["blocking", str(tmp_path / "build" / "zephyr" / "zephyr.elf"), "--board", board]
    assert main([*words, "--json", "--limit", "200 us"]) == 3
    told = json.loads(capsys.readouterr().out)
    worst, second = told["functions"][:2]
    assert worst["function"] == "hold_everything_up"
    assert worst["longest_us"] == pytest.approx(500, rel=0.05)  # lm3s6965 runs at 12.5 MHz, and Zephyr counts on 12
    assert worst["total_us"] == pytest.approx(500 * worst["times"], rel=0.05)
    assert second["longest_us"] < 100, "the kernel's own locks are short, and a nested unlock ends nothing"
    assert main([*words, "--limit", "1 ms"]) == 0
    assert main([*words, "--limit", "200 us"]) == 3
    assert "hold_everything_up locks interrupts for" in capsys.readouterr().out
