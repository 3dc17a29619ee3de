"""A Zephyr application records over the serial port of an emulated board, with the console's lines in between."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mlforge.app.record import record
from mlforge.app.replay import replay
from mlforge.bundle.links import serial_link
from mlforge.bundle.smp_device import connected
from mlforge.bundle.smp_record import SmpLine
from mlforge.targets.transport import SocketTransport
from mlforge.toolchain.sources import root
from tests.zephyr.workspace import QEMU, Workspace, boards

APP = root() / "tests" / "zephyr" / "record"
CHANNELS, FRAC_BITS = 6, 17
SENT, FRAMES = 100, 200  # by the application's own sensor, and by the replay: windows of 128, one every 64


@contextlib.contextmanager
def powered(build: Path, board: str, *serial: str) -> Iterator[subprocess.Popen[bytes]]:
    """The board, with what its serial ports lead to."""
    command = [*QEMU[board], "-display", "none", "-monitor", "none", "-kernel", "zephyr/zephyr.elf"]
    for port in serial:
        command += ["-serial", port]
    process = subprocess.Popen(command, cwd=build, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def switched_on(build: Path, board: str, path: Path) -> Iterator[SocketTransport]:
    """The board, which waits until somebody has its serial port."""
    with powered(build, board, f"unix:{path},server=on,wait=on") as process:
        line = socket.socket(socket.AF_UNIX)
        while line.connect_ex(str(path)) != 0:
            assert process.poll() is None
            time.sleep(0.05)
        yield SocketTransport(line)
        line.close()


@pytest.mark.usefixtures("need_toolchain")
@pytest.mark.parametrize("board", boards("qemu_cortex_m3"))
def test_frames_arrive_as_the_features_get_them(zephyr: Workspace, board: str, tmp_path: Path) -> None:
    zephyr.build(APP, tmp_path / "build", board)
    console = bytearray()
    frames = np.random.default_rng(0).integers(-(1 << 20), 1 << 20, (FRAMES, CHANNELS)).astype(np.int32)
    with switched_on(tmp_path / "build", board, tmp_path / "uart") as line:
        heard = record(line, "activity", seconds=60.0, patience_s=5.0, text=console.extend)
        echo = replay(line, "activity", frames, FRAC_BITS, patience_s=60.0, settle_s=3.0)
    values = heard.recorded.values
    assert len(values) == SENT
    np.testing.assert_array_equal(values, 10 * np.arange(len(values))[:, None] + np.arange(CHANNELS))
    assert (heard.recorded.lost, heard.damaged, heard.broken) == ([], 0, "no frames for 5 s")
    assert (echo.frames, heard.recorded.frac_bits) == (FRAMES, FRAC_BITS)
    assert echo.text.count(b"result ") == (SENT + FRAMES - 128) // 64 + 1
    assert b"frame 0" in console


@pytest.mark.usefixtures("need_toolchain")
@pytest.mark.parametrize("board", boards("qemu_cortex_m3"))
def test_frames_arrive_over_smp(zephyr: Workspace, board: str, tmp_path: Path) -> None:
    """On a port of its own. What waited before the host began is not part of the recording."""
    build, port = tmp_path / "build", f"unix:{tmp_path}/smp"
    zephyr.build(APP, build, board, conf_files=(APP / "smp.conf",), overlays=(APP / "smp.overlay",))
    with powered(build, board, "null", f"{port},server=on,wait=on") as process:
        while not (tmp_path / "smp").exists():
            assert process.poll() is None
            time.sleep(0.05)
        with connected(serial_link(port)) as device:
            heard = record(SmpLine(device), "activity", seconds=60.0, patience_s=5.0)
    values = heard.recorded.values
    first = int(values[0, 0]) // 10
    assert first + len(values) == SENT
    assert len(values) > SENT // 2
    np.testing.assert_array_equal(values, 10 * (first + np.arange(len(values))[:, None]) + np.arange(CHANNELS))
    assert (heard.recorded.lost, heard.damaged, heard.broken) == ([], 0, "no frames for 5 s")
