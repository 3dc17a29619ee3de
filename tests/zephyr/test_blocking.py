"""An application with a thread that locks interrupts for half a millisecond: it is named, and may be limited."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mlforge.app import own_image
from mlforge.app.own_image import own_blocking
from mlforge.app.verdicts import blocking_check
from mlforge.cli.main import main
from mlforge.contract.load import load_contract
from mlforge.report.html import render_html
from tests.zephyr.scheduling_app import scheduling_app
from tests.zephyr.workspace import Workspace, boards

pytestmark = [pytest.mark.zephyr, pytest.mark.usefixtures("need_toolchain")]


@pytest.mark.parametrize("board", boards("mps2/an385"))
def test_the_function_that_blocks_longest_is_named(
    zephyr: Workspace,
    board: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app, build = scheduling_app(tmp_path / "app", "  blocking: 200 us\n"), tmp_path / "build"
    assert zephyr.configure(app, build, board).returncode == 0
    refused = zephyr.ninja(build)
    assert refused.returncode != 0
    assert re.search(
        r"error: .*: limits.blocking: 200 us; hold_everything_up locks interrupts for 50\d", refused.stdout
    )
    elf = build / "zephyr" / "zephyr.elf"
    words = ["blocking", str(elf), "--board", board]
    assert main([*words, "--json", "--limit", "200 us"]) == 3
    told = json.loads(capsys.readouterr().out)
    worst, second = told["functions"][:2]
    assert worst["function"] == "hold_everything_up"
    assert worst["longest_us"] == pytest.approx(500, rel=0.05)
    assert worst["total_us"] == pytest.approx(500 * worst["times"], rel=0.05)
    assert second["longest_us"] < 100, "the kernel's own locks are short, and a nested unlock ends nothing"
    assert main([*words, "--limit", "1 ms"]) == 0
    assert main([*words, "--limit", "200 us"]) == 3
    assert "hold_everything_up locks interrupts for" in capsys.readouterr().out

    contract = load_contract(app)  # as `verify` does, without another build
    monkeypatch.setattr(own_image, "built", lambda *_: elf)
    check = blocking_check(200.0, own_blocking(contract, lambda _: None))
    assert (check.met, check.where) == (False, "hold_everything_up")
    assert "hold_everything_up" in render_html(None, [], name="activity", contract=contract)

    text = (app / "mlforge.yaml").read_text()
    (app / "mlforge.yaml").write_text(text.replace("blocking: 200 us", "blocking: 600 us"))
    kept = zephyr.ninja(build)
    assert kept.returncode == 0, kept.stdout[-2000:]
    assert "to spare" in kept.stdout
