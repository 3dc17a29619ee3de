"""Files between processes: made once, written in one step, locked; whatever is killed when."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlforge.toolchain.files import locked, made_once, write_atomically, write_changed

MAKER = """
import sys, time
from pathlib import Path
from mlforge.toolchain.files import made_once
place = Path(sys.argv[1])

def make(scratch):
    with (place.parent / "makers").open("a") as log:
        log.write("x")
    scratch.write_bytes(b"half")
    time.sleep(float(sys.argv[2]))
    scratch.write_bytes(b"whole " + str(time.monotonic_ns()).encode())

print(made_once(place, make).read_bytes().decode())
"""


def maker(place: Path, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", MAKER, str(place), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_of_many_processes_one_makes_and_all_see_the_same(tmp_path: Path) -> None:
    running = [maker(tmp_path / "made.bin", 0.3) for _ in range(4)]
    seen = {process.communicate(timeout=60)[0] for process in running}
    assert len(seen) == 1 and next(iter(seen)).startswith("whole")
    assert (tmp_path / "makers").read_text() == "x"


def test_a_maker_that_is_killed_leaves_nothing_and_the_next_one_makes(tmp_path: Path) -> None:
    killed = maker(tmp_path / "made.bin", 60)
    while not (tmp_path / "makers").exists():
        time.sleep(0.02)
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert not (tmp_path / "made.bin").exists()
    assert maker(tmp_path / "made.bin", 0).communicate(timeout=60)[0].startswith("whole")


def test_what_fails_is_not_there(tmp_path: Path) -> None:
    def fails(scratch: Path) -> None:
        scratch.write_text("half")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        made_once(tmp_path / "made", fails)
    assert [path.name for path in tmp_path.iterdir()] == [".made.lock"]


def test_a_lock_that_is_taken_is_said_or_waited_for(tmp_path: Path) -> None:
    with locked(tmp_path / "x" / "lock") as file:
        file.write("me")
        file.flush()
        with pytest.raises(BlockingIOError), locked(tmp_path / "x" / "lock", wait=False):
            raise AssertionError("two inside")
    with locked(tmp_path / "x" / "lock", wait=False):
        assert (tmp_path / "x" / "lock").read_text() == "me"


def test_what_is_the_same_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert write_changed(path, b"one")
    os.utime(path, ns=(1, 1))
    assert not write_changed(path, b"one")
    assert path.stat().st_mtime_ns == 1
    assert write_changed(path, b"two") and path.read_bytes() == b"two"


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    """As `-o /dev/null` would make a file of the device, for whoever may."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_atomically(pipe, b"model")
        assert os.read(reader, 16) == b"model"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
