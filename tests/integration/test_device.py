"""The measuring firmware's side of the protocol, line by line as the MLPerf Tiny benchmark's runner expects it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mlforge.errors import RunError
from mlforge.targets import qemu
from mlforge.targets.baremetal import BaremetalTarget
from mlforge.targets.boards import BOARDS
from mlforge.targets.protocol import DeviceClient
from tests import programs
from tests.programs.require import require


@pytest.fixture(params=BOARDS.values(), ids=lambda board: board.name)
def device(request: pytest.FixtureRequest) -> Iterator[DeviceClient]:
    target = BaremetalTarget(request.param)
    require(target)
    with qemu.running(target.board, target.build(programs.tiny()).elf) as client:
        yield client


def test_names_itself(device: DeviceClient) -> None:
    assert device.command("name") == ["m-name-dut-[mlforge]"]
    assert device.command("profile") == ["m-profile-[MLForge]", "m-model-[tiny]"]
    assert device.command("help") == []  # its text does not begin like an answer


def test_runs_the_benchmarks_sequence(device: DeviceClient) -> None:
    assert device.command("db load 4") == ["m-[Expecting 4 bytes]"]
    assert device.command("db 0a01") == []
    assert device.command("db 02FD99") == ["m-load-done"]
    assert device.command("db print") == ["m-buffer-0a-01-02-fd"]
    answer = device.command("infer 3 2")
    laps = [int(line.removeprefix("m-lap-us-")) for line in answer if line.startswith("m-lap-us-")]
    assert [line for line in answer if not line.startswith("m-lap-us-")] == [
        "m-warmup-start-2",
        "m-warmup-done",
        "m-infer-start-3",
        "m-infer-done",
        # 10 + (1 + 2 - 3) + 3 = 13 and 10 - 0 - 5 = 5, less the zero point 1, times 0.125
        "m-results-[1.500,0.500]",
    ]
    assert laps == sorted(laps)
    assert device.command("results") == ["m-results-[1.500,0.500]"]


def test_prints_small_and_negative_results(device: DeviceClient) -> None:
    device.load(bytes([0, 0, 0, 0]), 80)
    device.command("infer 1 0")
    assert device.command("results") == ["m-results-[0.250,-0.750]"]  # 3 and -5


def test_time_goes_on(device: DeviceClient) -> None:
    stamps = [int(device.command("timestamp")[0].removeprefix("m-lap-us-")) for _ in range(5)]
    assert stamps == sorted(stamps)
    assert 0 < stamps[-1] - stamps[0] < 20_000_000


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("nonsense", "Unknown command: nonsense"),
        ("", "Empty command"),
        ("   ", "Empty command"),
        ("x" * 300, "Command too long"),
        ("db", "requires a subcommand"),
        ("db load", "requires the # of bytes"),
        ("db load 0", "must be >0"),
        ("db load -5", "must be >0"),
        ("db load 99999999999", "must be >0"),
        ("db load 2000000000", "exceeds maximum"),
        ("infer 0", "iterations must be >0"),
        ("infer x", "iterations must be >0"),
        ("infer 1 -1", "warmup must be >=0"),
        ("infer 1 0", "input was not loaded"),
        ("mlforge-batch x", "Not a number"),
        ("mlforge-batch 1000000000", "More vectors"),
        ("mlforge-extract 1", "No features"),
    ],
)
def test_refuses_and_goes_on(command: str, reason: str) -> None:
    target = BaremetalTarget(BOARDS["mps2/an386"])
    require(target)
    with qemu.running(target.board, target.build(programs.tiny()).elf) as client:
        with pytest.raises(RunError, match=reason):
            client.command(command)
        assert client.name() == "mlforge"


def test_survives_garbage_on_the_wire() -> None:
    target = BaremetalTarget(BOARDS["mps2/an386"])
    require(target)
    with qemu.running(target.board, target.build(programs.tiny()).elf) as client:
        client.command("db load 4")
        for digits, reason in (("0g", "Invalid hex digit '0g'"), ("012", "Insufficent number")):
            with pytest.raises(RunError, match=reason):
                client.command(f"db {digits}")
        with pytest.raises(RunError):
            client.command("\x00\x01\x7f\t;$(reboot)")
        assert client.info().input_bytes == 4


def test_the_baseline_has_no_model() -> None:
    target = BaremetalTarget(BOARDS["mps2/an386"])
    require(target)
    baseline = target.build(programs.tiny()).baseline_elf
    assert baseline is not None
    with qemu.running(target.board, baseline) as client:
        info = client.info()
        assert (info.arena_bytes, info.input_bytes, info.output_bytes, info.feature_bytes) == (0, 0, 0, 0)
        for command in ("infer 1 0", "mlforge-batch 1", "mlforge-extract 1"):
            with pytest.raises(RunError, match=r"No (model|features)"):
                client.command(command)
        assert client.command("results") == ["m-results-[]"]
