"""Boards on a serial port, played by QEMU: whatever the line does, what comes back is right or an error."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import serial

from mlforge.errors import RunError, TargetUnavailableError
from mlforge.measure.cost import measure_cost
from mlforge.records.program import Firmware, Program
from mlforge.targets import hardware
from mlforge.targets.baremetal import BaremetalTarget
from mlforge.targets.board_lock import claimed
from mlforge.targets.boards import BOARDS
from mlforge.targets.firmware_build import build_firmware
from mlforge.targets.hardware import BurstPlan, HardwareTarget
from mlforge.targets.hardware_map import BoardEntry
from mlforge.targets.probes.probe import Probe, Recording
from mlforge.targets.target import Timing
from mlforge.targets.transport import Transport
from tests import programs
from tests.programs.fake_board import FakeBoard, Faults, fake_board
from tests.programs.fake_meters import Wave
from tests.programs.require import require

BOARD = BOARDS["mps2/an386"]
BOUND_S = 20.0  # for anything that ends in an error; seconds of it are the test's own time-outs


@dataclass(frozen=True)
class Builder:
    """Images for mps2/an386 without an operating system, laid out as Zephyr does."""

    place: Path
    core: str = "cortex-m4"
    isa: str = "dsp"

    def unavailable(self) -> None:
        return None

    def build(self, program: Program) -> Firmware:
        return build_firmware(BOARD, program)

    def directory(self, firmware: Firmware) -> Path:
        elf = self.place / "build" / "zephyr" / "zephyr.elf"
        elf.parent.mkdir(parents=True, exist_ok=True)
        elf.write_bytes(firmware.elf.read_bytes())
        return elf.parents[1]

    def environment(self) -> None:
        return None


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def board(tmp_path: Path, faults: Faults) -> Iterator[FakeBoard]:
    require(BaremetalTarget(BOARD))
    with fake_board(tmp_path, faults) as made:
        yield made


@pytest.fixture
def target(board: FakeBoard, tmp_path: Path) -> HardwareTarget:
    entry = BoardEntry("000683459357", "mps2/an386", "J-Link", "jlink", str(board.port), True, flash_timeout_s=20)
    return HardwareTarget(entry, Builder(tmp_path), timeout_s=2.0, start_s=2.0, pause_s=0.1)


def _inputs(count: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(-128, 128, (count, 4)).astype(np.int8)


def test_a_good_board(target: HardwareTarget, board: FakeBoard) -> None:
    firmware, inputs = target.build(programs.tiny()), _inputs(300)
    result = target.infer(firmware, inputs)
    np.testing.assert_array_equal(result.outputs, programs.tiny_outputs(inputs))
    assert result.stack_bytes > 0
    assert target.infer(firmware, _inputs(0)).outputs.shape == (0, 2)
    (flashed,) = board.flashed  # once: it knows what runs on it
    assert flashed == (f"flash --skip-rebuild -d {board.port.parent}/build --runner jlink --dev-id 000683459357")
    windowed = target.build(programs.windowed())
    frames = (np.random.default_rng(0).integers(-200, 200, (21, 2)) * 2).astype(np.int32)
    np.testing.assert_array_equal(target.extract(windowed, frames), programs.windowed_features(frames))
    assert len(board.flashed) == 2
    timing = target.profile(windowed, inputs[:2], frames)
    assert isinstance(timing, Timing)
    cost = measure_cost(target, windowed, inputs[:2], 1_000_000, frames)
    assert (cost.instructions, cost.cycles, cost.operators) == (None, None, ())
    assert cost.latency_us > 0
    assert cost.feature_latency_us > 0
    assert cost.method.startswith("measured on device: mps2/an386")


@pytest.mark.parametrize("seed", range(2))
def test_a_line_that_garbles(target: HardwareTarget, faults: Faults, seed: int) -> None:
    firmware, inputs = target.build(programs.tiny()), _inputs(8, seed)
    target.infer(firmware, inputs)
    faults.chance, faults.flips, faults.losses = random.Random(seed), 0.002, 0.0005
    start = time.monotonic()
    for _ in range(2):
        try:
            np.testing.assert_array_equal(target.infer(firmware, inputs).outputs, programs.tiny_outputs(inputs))
        except RunError as error:
            assert "given up after 4 attempts" in str(error)
    assert time.monotonic() - start < 3 * BOUND_S


def test_resets_in_the_middle(target: HardwareTarget, board: FakeBoard, faults: Faults) -> None:
    firmware, inputs = target.build(programs.tiny()), _inputs(400)
    target.infer(firmware, inputs)
    for later in (400, 3_000):  # while vectors are loaded, and while they are answered
        faults.resets.append(board.sent + later)
        np.testing.assert_array_equal(target.infer(firmware, inputs).outputs, programs.tiny_outputs(inputs))
        assert not faults.resets
    assert len(board.flashed) == 1


def test_unplugged_and_plugged_in_again(target: HardwareTarget, board: FakeBoard, faults: Faults) -> None:
    firmware, inputs = target.build(programs.tiny()), _inputs(400)
    target.infer(firmware, inputs)
    faults.unplugged.append((board.sent + 1_500, 0.5))
    np.testing.assert_array_equal(target.infer(firmware, inputs).outputs, programs.tiny_outputs(inputs))
    assert not faults.unplugged


def test_unplugged_for_good(target: HardwareTarget, board: FakeBoard, faults: Faults) -> None:
    firmware, inputs = target.build(programs.tiny()), _inputs(400)
    target.infer(firmware, inputs)
    (board.control / "fail").touch()
    faults.unplugged.append((board.sent + 1_500, 1_000.0))
    start = time.monotonic()
    with pytest.raises(
        RunError, match=r"given up after 4 attempts: .*the serial port broke.*no probe with that"
    ) as caught:
        target.infer(firmware, inputs)
    assert caught.value.hint == "is the board plugged in?"
    assert time.monotonic() - start < BOUND_S


def test_a_silent_board(target: HardwareTarget, faults: Faults) -> None:
    faults.silent, target = True, replace(target, start_s=0.4)
    start = time.monotonic()
    with pytest.raises(RunError, match=r"given up after 4 attempts: the device gives no sign within 0\.4 s"):
        target.infer(target.build(programs.tiny()), _inputs(2))
    assert time.monotonic() - start < 4 * BOUND_S


def test_a_board_that_runs_something_else(target: HardwareTarget, board: FakeBoard, faults: Faults) -> None:
    target.infer(target.build(programs.tiny()), _inputs(2))
    faults.deaf_to_flash = True
    with pytest.raises(RunError, match=r"runs another program \([0-9a-f]{16}\) than the one just flashed") as caught:
        target.infer(target.build(programs.wide()), np.zeros((2, 8000), np.int8))
    assert "is " + str(board.port) + " the port of the board that jlink flashes?" in caught.value.hint


def test_a_flash_tool_that_fails(target: HardwareTarget, board: FakeBoard) -> None:
    target.infer(target.build(programs.tiny()), _inputs(2))
    (board.control / "fail").touch()
    with pytest.raises(RunError, match=r"000683459357 could not be flashed \(jlink\): ERROR: no probe"):
        target.infer(target.build(programs.windowed()), _inputs(2))


def test_a_port_that_somebody_has(target: HardwareTarget, board: FakeBoard) -> None:
    with serial.Serial(str(board.port), exclusive=True), pytest.raises(RunError, match="is in use by another program"):
        target.infer(target.build(programs.tiny()), _inputs(2))


def test_a_board_that_another_process_has(
    target: HardwareTarget, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MLFORGE_CACHE", str(tmp_path / "cache"))
    code = "import sys\nfrom mlforge.targets.board_lock import claimed\n"
    code += f"with claimed({target.entry.id!r}):\n    print('held', flush=True)\n    sys.stdin.read()\n"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        firmware = Firmware("x", "x", Path(), None, programs.tiny())
        with pytest.raises(TargetUnavailableError, match=f"is in use by process {other.pid}"):
            target.infer(firmware, _inputs(2))
        other.communicate(timeout=20)
    with claimed(target.entry.id):
        pass


def test_a_model_that_crashes_is_not_tried_again(target: HardwareTarget) -> None:
    wild_write = np.array([[1, 0, 0, 0]], np.int8)  # see tests/programs/broken.c
    with pytest.raises(RunError, match="the firmware crashed") as caught:
        target.infer(target.build(programs.broken()), wild_write)
    assert "given up" not in str(caught.value)


class _Meter(Probe):
    """Plays the current of the bursts that the board runs, which last as long as the board says."""

    name = "meter"

    def start(self) -> None:
        self.began = time.monotonic()

    def stop(self) -> Recording:
        wave = Wave(repeats=3, burst_s=0.1, pause_s=0.1)
        self.took_s = time.monotonic() - self.began
        return Recording(10_000.0, *wave.samples(10_000.0))

    def _set_up(self, line: Transport) -> None: ...
    def _begin(self, line: Transport) -> None: ...
    def _finish(self, line: Transport) -> None: ...
    def _decoded(self, data: bytes) -> Recording:
        raise NotImplementedError


def test_bursts_for_a_power_meter(target: HardwareTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "_STEADY", 100.0)  # QEMU's time is that of this machine, which has other work
    firmware, meter = target.build(programs.tiny()), _Meter(3.0)
    bursts = target.bursts(firmware, _inputs(2), BurstPlan(3, 0.1, 100), meter)
    assert bursts.count > 1
    assert 0.01 < bursts.busy_s < 10
    assert meter.took_s > 4 * 0.1  # three bursts between four pauses
    with pytest.raises(RunError, match="Nothing to run"):
        target.bursts(firmware, _inputs(1), BurstPlan(0, 0.1, 100), meter)
