"""Firmware that goes wrong: each way ends in a RunError that says which, and QEMU is gone afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mlforge.errors import BuildError, RunError
from mlforge.targets.baremetal import BaremetalTarget
from mlforge.targets.boards import BOARDS
from mlforge.targets.registry import target_named
from tests import programs
from tests.programs.require import inapplicable, require

HANG, WILD_WRITE, OVERFLOW, NO_STACK, ECHO = range(5)  # see tests/programs/broken.c


@pytest.fixture(params=BOARDS.values(), ids=lambda board: board.name)
def target(request: pytest.FixtureRequest) -> BaremetalTarget:
    target = BaremetalTarget(request.param, timeout_s=1.5)
    require(target)
    return target


def _input(what: int) -> NDArray[np.int8]:
    return np.full((1, 4), what, np.int8)


def test_a_good_input_passes(target: BaremetalTarget) -> None:
    result = target.infer(target.build(programs.broken()), _input(ECHO))
    np.testing.assert_array_equal(result.outputs, _input(ECHO))


def test_a_hang_ends_in_time(target: BaremetalTarget) -> None:
    firmware = target.build(programs.broken())
    start = time.monotonic()
    with pytest.raises(RunError, match=r"no answer to 'mlforge-batch 1' within 1\.5 s"):
        target.infer(firmware, _input(HANG))
    assert time.monotonic() - start < 10
    assert not _children("qemu")


def test_a_hang_ends_in_time_while_counting(target: BaremetalTarget) -> None:
    with pytest.raises(RunError, match="no answer"):
        target.profile(target.build(programs.broken()), _input(HANG))


def test_a_wild_write_is_reported_with_its_place(target: BaremetalTarget) -> None:
    if target.core == "cortex-m0":
        inapplicable("QEMU's nRF51 swallows writes to nowhere")
    with pytest.raises(RunError, match=r"crashed: \[(hard fault|trap).*pc=0x") as caught:
        target.infer(target.build(programs.broken()), _input(WILD_WRITE))
    assert "m-fault-" in caught.value.log


def test_a_stack_overflow_is_reported(target: BaremetalTarget) -> None:
    if target.board.core.family == "riscv":
        inapplicable("below the stack of this machine lies more RAM")
    with pytest.raises(RunError, match="stack overflow"):
        target.infer(target.build(programs.broken()), _input(OVERFLOW))


def test_a_lost_stack_is_reported(target: BaremetalTarget) -> None:
    if target.board.core.family == "riscv":
        inapplicable("Arm code")
    with pytest.raises(RunError, match=r"crashed|Lockup"):
        target.infer(target.build(programs.broken()), _input(NO_STACK))


def test_the_host_reports_a_crash_and_a_hang() -> None:
    host = target_named("host")
    require(host)
    firmware = host.build(programs.broken())
    with pytest.raises(RunError, match="ended with status"):
        host.infer(firmware, _input(WILD_WRITE))


def test_what_does_not_fit_is_said_in_the_linkers_words() -> None:
    target = BaremetalTarget(BOARDS["bbc_microbit"])
    require(target)
    program = programs.wide()
    larger = program.sources["wide.c"].replace(".arena_bytes = 8016", ".arena_bytes = 20000")
    with pytest.raises(BuildError, match="region `RAM' overflowed by") as caught:
        target.build(replace(program, sources={**program.sources, "wide.c": larger}, arena_bytes=20000))
    assert "will not fit" in caught.value.log or "overflowed" in caught.value.log


_CHILD = """
import numpy as np
from mlforge.targets.baremetal import BaremetalTarget
from mlforge.targets.boards import BOARDS
from tests import programs
target = BaremetalTarget(BOARDS["mps2/an386"], timeout_s=60)
target.infer(target.build(programs.broken()), np.zeros((1, 4), np.int8))
"""


@pytest.mark.requires(tools=("setpriv",))
def test_qemu_dies_with_a_killed_parent() -> None:
    target = BaremetalTarget(BOARDS["mps2/an386"])
    require(target)
    target.build(programs.broken())  # so that the child starts QEMU at once
    child = subprocess.Popen([sys.executable, "-c", _CHILD], cwd=Path(__file__).parents[2])
    try:
        emulator = _wait_for(lambda: _children("qemu", child.pid))
        assert emulator, "QEMU was not started"
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert _wait_for(lambda: [] if Path(f"/proc/{emulator[0]}").exists() else [1]), "QEMU outlived its parent"


def _children(name: str, parent: int | None = None) -> list[int]:
    """Process ids of the children of `parent` (this process by default) whose command starts with `name`."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")
            command = fields[0].partition("(")[2]
            state, owner = fields[2].split()[:2]
        except (OSError, ValueError, IndexError):
            continue
        if entry.name.isdigit() and command.startswith(name) and int(owner) == (parent or os.getpid()) and state != "Z":
            found.append(int(entry.name))
    return found


def _wait_for(look: object, seconds: float = 15.0) -> list[int]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if callable(look) and (found := look()):
            return list(found)
        time.sleep(0.02)
    return []
