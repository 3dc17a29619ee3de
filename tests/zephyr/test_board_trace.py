"""Zephyr's own tracing, over a second serial port of an emulated board: what a board would send, drawn."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from mlforge.records.timeline import Track
from mlforge.targets.zephyr_ctf import METADATA, STREAM, read_board_trace
from mlforge.toolchain.process import run
from tests.programs.require import require_babeltrace
from tests.zephyr.scheduling_app import scheduling_app
from tests.zephyr.workspace import QEMU, VIRTUAL_TIME, Workspace, boards

pytestmark = [
    pytest.mark.zephyr,
    pytest.mark.usefixtures("need_toolchain"),
    pytest.mark.requires(asked="MLFORGE_NIGHTLY=1"),
]
SETTINGS = dict.fromkeys(
    ("TRACING", "TRACING_CTF", "TRACING_SYNC", "TRACING_BACKEND_UART", "THREAD_NAME", "TRACING_ISR"), "y"
)
OVERLAY = '/ { chosen { zephyr,tracing-uart = &uart1; }; };\n&uart1 { status = "okay"; };\n'
ENOUGH_BYTES = 20_000


@pytest.mark.parametrize("board", boards("mps2/an385"))
def test_a_board_that_traces_itself(zephyr: Workspace, board: str, tmp_path: Path) -> None:
    app = scheduling_app(tmp_path / "app")
    (app / "tracing.overlay").write_text(OVERLAY)
    settings = {f"CONFIG_{name}": value for name, value in SETTINGS.items()}
    zephyr.build(app, tmp_path / "build", board, settings=settings, overlays=(app / "tracing.overlay",))
    place = tmp_path / "trace"
    place.mkdir()
    shutil.copy(zephyr.base / "subsys" / "tracing" / "ctf" / "tsdl" / "metadata", place / METADATA)
    stream = place / STREAM
    command = [*QEMU[board], *VIRTUAL_TIME, "-display", "none", "-serial", "null", "-serial", f"file:{stream}"]
    with subprocess.Popen([*command, "-kernel", str(tmp_path / "build" / "zephyr" / "zephyr.elf")]) as process:
        end = time.monotonic() + 60
        while time.monotonic() < end and (not stream.exists() or stream.stat().st_size < ENOUGH_BYTES):
            time.sleep(0.1)
        process.kill()
    found = read_board_trace(place)
    threads = {each.name for each in found.slices if each.track is Track.THREAD}
    assert {"main", "control", "logger", "idle"} <= threads
    assert any(each.track is Track.INTERRUPT for each in found.slices)
    done = run([require_babeltrace(), place], timeout_s=60)
    switches = sum("thread_switched_in" in line for line in done.output.splitlines())
    ours = sum(each.track is Track.THREAD for each in found.slices)
    assert abs(switches - ours) <= 2, "as many as babeltrace2 reads"
