"""What a model does to the threads of an application: in its own build, in QEMU."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlforge.cli.main import main
from mlforge.contract.load import load_contract
from mlforge.report.html import render_html
from tests.zephyr.scheduling_app import scheduling_app
from tests.zephyr.workspace import Workspace, boards

pytestmark = [pytest.mark.zephyr, pytest.mark.usefixtures("need_toolchain")]
LIMITS = "  deadlines: {control: 1 ms, logger: 500 us}\n"


@pytest.mark.parametrize("board", boards("mps2/an385"))
def test_who_waits_for_the_model(
    zephyr: Workspace, board: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = f"board: {board}, clock: 120 MHz, ram_kept_free: 8 KiB, load: 30 %"
    app = scheduling_app(tmp_path / "app", LIMITS, target)
    assert main(["scheduling", str(app), "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    checks = {check["name"]: check for check in told["verdict"]["checks"]}
    assert checks["deadline of control"]["margin"] > 0, "it is more urgent than the service"
    assert checks["deadline of logger"]["margin"] < 0, "it waits for the model"
    assert "missed" in checks["deadline of logger"]["where"]
    assert checks["latency under 30% load"]["margin"] > 0
    assert told["kept_free"] is True

    alone, model, load = told["parts"]
    assert alone["inference"] is None
    for part in told["parts"]:
        assert part["timer"]["count"] == pytest.approx(1000, abs=2)
        assert 380 < part["timer"]["worst_us"] < 520, "interrupts are locked for 500 us, with and without the model"
    assert model["timer"]["mean_us"] < 3, "an inference holds no interrupt up"
    assert 18 <= model["inference"]["count"] <= 20, "every 50 ms, after a window of two hops"
    assert load["wake"]["mean_us"] < 2 * model["wake"]["mean_us"], "other work delays nobody more urgent"
    assert load["inference"]["worst_us"] > 1.2 * model["inference"]["worst_us"]

    threads = {thread["name"]: thread for thread in told["threads"]}
    assert {"main", "idle", "control", "logger", "bad_thread", "activity_service_thread"} <= threads.keys()
    assert all(0 < thread["stack_used_bytes"] < thread["stack_bytes"] for thread in threads.values())
    idle = [part["share"] for part in threads["idle"]["parts"]]
    assert idle[0] > idle[1] > idle[2]
    assert idle[1] - idle[2] == pytest.approx(0.3, rel=0.5), "a busy wait of 0.3 ms in each ms, and a moment to sleep"
    assert threads["bad_thread"]["parts"][0]["share"] == pytest.approx(0.0025, rel=0.1)  # 0.5 of 200 ms
    assert threads["activity_service_thread"]["parts"][0]["share"] == 0
    for part in range(3):
        assert sum(thread["parts"][part]["share"] for thread in threads.values()) == pytest.approx(1, abs=0.02)
    assert [part["missed"] for part in threads["control"]["parts"]] == [0, 0, 0]
    assert threads["logger"]["parts"][1]["missed"] > threads["logger"]["parts"][0]["missed"]
    assert "activity_service_thread" in render_html(None, [], name="activity", contract=load_contract(app))
    _traced(app, board, tmp_path, capsys)


def _traced(app: Path, board: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the plugin sees of the same image, which it does not touch, is what the image says of itself."""
    image = next((app / ".mlforge" / "zephyr").glob("scheduling-*")) / "zephyr" / "zephyr.elf"
    words = ["trace", str(image), "--target", f"zephyr:{board}", "--seconds", "0.2", "-o", str(tmp_path / "t.html")]
    capsys.readouterr()
    assert main([*words, "--perfetto", str(tmp_path / "t.json"), "--ctf", str(tmp_path / "ctf"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    taken: dict[tuple[str, str], int] = {}
    until: dict[str, int] = {}
    for one in told["slices"]:
        assert one["begin"] >= until.get(one["track"], 0), "slices of one track overlap"
        until[one["track"]] = one["end"]
        key = one["track"], one["name"]
        taken[key] = taken.get(key, 0) + one["end"] - one["begin"]
    threads = {name for track, name in taken if track == "threads"}
    assert {"boot", "main", "idle", "control", "logger", "bad_thread", "activity_service_thread"} <= threads
    assert ("interrupts", "sys_clock_isr") in taken
    assert ("sensor frames", "frame") in taken
    inferences = [(one["begin"], one["end"]) for one in told["slices"] if one["name"] == "inference"]
    inside = [  # the last one may be cut off by the end
        one["end"] - one["begin"]
        for one in told["slices"]
        if one["track"] == "operators" and any(begin <= one["begin"] < end for begin, end in inferences)
    ]
    assert 0.8 < sum(inside) / taken["model", "inference"] <= 1.0
    everything = sum(size for (track, _), size in taken.items() if track in ("threads", "interrupts"))
    assert everything == pytest.approx(told["slices"][-1]["end"], rel=0.001), "somebody runs at any time"
    assert sum(path.stat().st_size for path in (tmp_path / "ctf").iterdir()) > 10_000
