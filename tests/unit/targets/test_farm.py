"""Claims with a lease, quarantine, and several boards as one target."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from mlforge.errors import BoardFailedError, RunError, TargetUnavailableError
from mlforge.records.program import Firmware
from mlforge.targets import board_lock
from mlforge.targets.board_lock import board_file, claimed
from mlforge.targets.farm import FarmTarget
from mlforge.targets.hardware import HardwareTarget
from mlforge.targets.hardware_map import BoardEntry
from mlforge.targets.quarantine import let_out, put_into, quarantined
from mlforge.targets.registry import target_named
from mlforge.targets.target import Inference
from tests import programs

FIRMWARE = Firmware("x", "x", Path(), None, programs.tiny())
INPUTS = np.zeros((1, 4), np.int8)
MAP = """
- {connected: true, id: A, platform: nrf52840dk/nrf52840, product: J-Link, runner: nrfjprog, serial: /dev/ttyA}
- {connected: true, id: B, platform: nrf52840dk/nrf52840, product: J-Link, runner: nrfjprog, serial: /dev/ttyB}
- {connected: false, id: C, platform: nrf52840dk/nrf52840, product: J-Link}
- {connected: true, id: D, platform: frdm_k64f, product: DAPLink, runner: pyocd, serial: /dev/ttyD}
"""


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MLFORGE_CACHE", str(tmp_path / "cache"))


def other_process(identity: str, lease_s: float) -> subprocess.Popen[bytes]:
    code = (
        f"import sys\nfrom mlforge.targets.board_lock import claimed\nwith claimed({identity!r}, lease_s={lease_s}):\n"
    )
    code += "    print('held', flush=True)\n    sys.stdin.read()\n"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    return process


def test_a_lease_that_has_run_out_is_taken_over() -> None:
    with other_process("A", 0.0) as hanging:
        time.sleep(1.1)  # leases end on whole seconds
        with claimed("A") as claim:
            claim.renew()
            with pytest.raises(TargetUnavailableError, match="another thread"):
                claimed("A", wait=False).__enter__()
        hanging.communicate(timeout=20)
    with other_process("A", 600.0) as working:
        with pytest.raises(TargetUnavailableError, match=f"is in use by process {working.pid}"):
            claimed("A").__enter__()
        working.communicate(timeout=20)
    with claimed("A"):
        pass


def test_who_lost_a_claim_is_told() -> None:
    with claimed("A", lease_s=5) as claim:
        claim.path.unlink()
        with pytest.raises(RunError, match="has taken the board A over"):
            board_lock.renew("A")
        claim.path.write_text("somebody else's")
        with pytest.raises(RunError, match="not used for 5 s"):
            claim.renew()
    board_lock.renew("A")  # no claim: nothing to renew


def test_quarantine_doubles_ends_and_survives_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    assert quarantined("A") is None
    now = time.time()
    monkeypatch.setattr("mlforge.targets.quarantine.time.time", lambda: now)
    assert put_into("A", "no answer\nat all").until_s == pytest.approx(now + 900)
    found = quarantined("A")
    assert found is not None
    assert str(found) == "in quarantine for 15 min, after 1 failures: no answer at all"
    assert put_into("A", "again").until_s == pytest.approx(now + 1800)
    for _ in range(40):
        last = put_into("A", "again")
    assert last.until_s == pytest.approx(now + 86_400)
    monkeypatch.setattr("mlforge.targets.quarantine.time.time", lambda: now + 86_401)
    assert quarantined("A") is None, "over"
    let_out("A")
    let_out("A")
    for text in ("{", "[]", '{"reason": 1}', '{"reason": "x", "until_s": "soon", "times": 1}', "[" * 5000):
        board_file("A", "quarantine").write_text(text)
        assert quarantined("A") is None


@dataclass(frozen=True)
class Board:
    """What FarmTarget needs of a HardwareTarget; `log` is everybody's."""

    entry: BoardEntry
    log: list[str]
    takes_s: float = 0.0
    fails: bool = False
    crashes: bool = False

    claimed = HardwareTarget.claimed

    def unavailable(self) -> None:
        return None

    def infer(self, firmware: Firmware, inputs: np.ndarray) -> Inference:
        self.log.append(self.entry.id)
        time.sleep(self.takes_s)
        if self.fails:
            put_into(self.entry.id, "given up")
            raise BoardFailedError("given up")
        if self.crashes:
            raise RunError("the firmware crashed")
        return Inference(np.zeros((1, 3), np.int8), 0)


def farm(*boards: Board, wait_s: float = 5.0) -> FarmTarget:
    return FarmTarget(cast(Any, boards), wait_s)


def board(identity: str, log: list[str], **more: Any) -> Board:
    return Board(BoardEntry(identity, "some/board", "", "none", "/dev/x", True), log, **more)


def test_as_many_at_a_time_as_there_are_boards() -> None:
    log: list[str] = []
    boards = farm(*(board(name, log, takes_s=0.3) for name in "ABC"))
    began = time.monotonic()
    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(boards.infer, FIRMWARE, INPUTS) for _ in range(6)]:
            done.result()
    assert sorted(log) == sorted("AABBCC")
    assert time.monotonic() - began < 6 * 0.3


def test_a_board_that_fails_is_left_out_and_its_work_done_elsewhere() -> None:
    log: list[str] = []
    boards = farm(board("A", log, fails=True), board("B", log))
    boards.infer(FIRMWARE, INPUTS)
    boards.infer(FIRMWARE, INPUTS)
    assert log == ["A", "B", "B"]
    found = quarantined("A")
    assert found is not None
    assert found.reason == "given up"
    let_out("A")
    boards.infer(FIRMWARE, INPUTS)
    assert log == ["A", "B", "B", "A", "B"]


def test_a_model_that_crashes_is_not_tried_on_every_board() -> None:
    log: list[str] = []
    with pytest.raises(RunError, match="the firmware crashed"):
        farm(board("A", log, crashes=True), board("B", log)).infer(FIRMWARE, INPUTS)
    assert log == ["A"]
    assert quarantined("A") is None


def test_when_none_works_or_is_free() -> None:
    log: list[str] = []
    all_bad = farm(board("A", log, fails=True), board("B", log, fails=True))
    with pytest.raises(RunError, match="A: given up; B: given up"):
        all_bad.infer(FIRMWARE, INPUTS)
    with pytest.raises(TargetUnavailableError, match="in quarantine"):
        all_bad.infer(FIRMWARE, INPUTS)
    assert "in quarantine" in str(all_bad.unavailable())
    busy, ended = farm(board("D", log), wait_s=0.3), threading.Event()

    def hold() -> None:
        with claimed("D"):
            ended.wait(20)

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        time.sleep(0.2)
        with pytest.raises(TargetUnavailableError, match="no board was free"):
            busy.infer(FIRMWARE, INPUTS)
    finally:
        ended.set()
        thread.join()
    unplugged = board("E", log)
    gone = farm(replace(unplugged, entry=replace(unplugged.entry, connected=False)))
    with pytest.raises(TargetUnavailableError, match="E: not connected"):
        gone.infer(FIRMWARE, INPUTS)


def test_a_platform_of_several_boards_is_all_of_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "map.yml").write_text(MAP)
    monkeypatch.setenv("MLFORGE_HARDWARE_MAP", str(tmp_path / "map.yml"))
    several = target_named("board:nrf52840dk/nrf52840")
    assert isinstance(several, FarmTarget)
    assert [one.entry.id for one in several.boards] == ["A", "B"]
    assert several.name == "board:nrf52840dk/nrf52840"
    assert several.measures
    assert not several.counts_instructions
    assert isinstance(target_named("board:A"), HardwareTarget)
    assert isinstance(target_named("board:frdm_k64f"), HardwareTarget)
