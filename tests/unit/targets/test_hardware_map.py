"""Twister's hardware map: what is read, what is wrong with it, which board a name means; how `west flash` is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlforge.cli.main import main
from mlforge.errors import ContractError, RunError, TargetUnavailableError
from mlforge.targets.hardware_map import MAX_MAP_BYTES, VARIABLE, board_entry, hardware_map, read_map
from mlforge.targets.registry import mapped_targets, target_named
from mlforge.toolchain.flash import Flasher, flash

# As `twister --generate-hardware-map` writes it, with what people then fill in.
MAP = """\
- connected: true
  id: 000683459357
  platform: nrf52840dk/nrf52840
  product: J-Link
  runner: nrfjprog
  serial: /dev/ttyACM0
  baud: 115200
  fixtures:
    - i2c_loopback
- connected: true
  id: 0240000034544e45
  probe_id: "66"
  platform: frdm_k64f
  product: DAPLink CMSIS-DAP
  runner: pyocd
  runner_params: [--dt-flash=y]
  flash_timeout: 90
  serial: socket://127.0.0.1:4000
- connected: false
  id: "17"
  platform: frdm_k64f
  product: unknown
  runner: unknown
  serial: null
"""


def write(directory: Path, text: str) -> Path:
    path = directory / "hardware-map.yml"
    path.write_text(text)
    return path


def test_a_map_of_twisters(tmp_path: Path) -> None:
    entries = read_map(write(tmp_path, MAP))
    assert [(entry.id, entry.platform, entry.connected) for entry in entries] == [
        ("000683459357", "nrf52840dk/nrf52840", True),
        ("0240000034544e45", "frdm_k64f", True),
        ("17", "frdm_k64f", False),
    ]
    second = entries[1]
    assert (second.probe_id, second.runner_params, second.flash_timeout_s) == ("66", ("--dt-flash=y",), 90)
    assert (second.serial, second.baud, entries[2].serial) == ("socket://127.0.0.1:4000", 115_200, "none")
    assert board_entry("17", entries).id == "17"
    assert board_entry("frdm_k64f", entries).id == "0240000034544e45"
    with pytest.raises(TargetUnavailableError, match="has no board nucleo") as caught:
        board_entry("nucleo", entries)
    assert "000683459357 (nrf52840dk/nrf52840)" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("boards: []\n", ":1: (map): found no list"),
        ("- x\n", ":1: [0]: found 'x', expected a mapping"),
        ("- [\n", "(syntax)"),
        ("- &a {id: 1}\n- *a\n", "no anchors"),
        (MAP.replace("  id: 000683459357\n", ""), "[0].id: found nothing, expected the id of the board's debug probe"),
        (MAP.replace("id: 000683459357", "id: --erase"), ":2: [0].id: found '--erase'"),
        (MAP.replace("connected: false", "connected: maybe"), "[2].connected: found 'maybe', expected true or false"),
        (MAP.replace("/dev/ttyACM0", "/dev/tty ACM0"), ":6: [0].serial: found '/dev/tty ACM0', expected a serial port"),
        (MAP.replace("  serial: /dev/ttyACM0\n", ""), "[0].serial: found nothing"),
        (MAP.replace("baud: 115200", "baud: fast"), ":7: [0].baud: found 'fast', expected bits a second"),
        (MAP.replace("runner: nrfjprog", "runner: ; rm -rf /"), "[0].runner"),
        (MAP.replace("[--dt-flash=y]", "[1, 2]"), "[1].runner_params: found [1, 2], expected a list of texts"),
        (MAP.replace('"17"', "000683459357"), "[2].id: found '000683459357' again"),
    ],
)
def test_mistakes_in_a_map(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ContractError) as caught:
        read_map(write(tmp_path, text))
    assert complaint in str(caught.value)


def test_maps_that_cannot_be_read(tmp_path: Path) -> None:
    for content, complaint in (
        (None, "no such file"),
        (b"\xff", "0xff is not UTF-8"),
        (b"#" * (MAX_MAP_BYTES + 1), "no hardware map"),
    ):
        path = tmp_path / "map.yml"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(TargetUnavailableError, match=complaint):
            read_map(path)


def test_where_the_map_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    assert hardware_map() is None
    assert mapped_targets() == ()
    with pytest.raises(TargetUnavailableError, match="no hardware map to find the board 17 in") as caught:
        target_named("board:17")
    assert "twister --generate-hardware-map" in caught.value.hint
    write(tmp_path, MAP)
    assert hardware_map() == Path("hardware-map.yml")
    assert [target.name for target in mapped_targets()] == ["board:000683459357", "board:0240000034544e45", "board:17"]
    monkeypatch.setenv(VARIABLE, "elsewhere.yml")
    assert hardware_map() == Path("elsewhere.yml")


def test_boards_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv(VARIABLE, "")  # restored, whatever the option sets
    path = write(tmp_path, MAP)
    assert main(["targets", "--hardware-map", str(path), "--json"]) == 0
    printed = capsys.readouterr().out
    assert "board:000683459357" in printed
    assert "nrf52840dk/nrf52840, J-Link on /dev/ttyACM0" in printed
    assert "the hardware map says that it is not connected" in printed
    assert main(["targets", "--hardware-map", str(write(tmp_path, "- x\n"))]) == 1
    assert "hardware-map.yml:1: [0]: found 'x'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flasher", "options"),
    [
        (Flasher("jlink", "17"), ["--dev-id", "17"]),
        (Flasher("pyocd", "17", "", ("--erase",)), ["--dev-id", "17", "--erase"]),
        (Flasher("openocd", "17", "STLINK-V3"), ["--cmd-pre-init", "hla_serial 17"]),
        (Flasher("openocd", "17"), ["--cmd-pre-init", "adapter serial 17"]),
        (Flasher("stm32cubeprogrammer", "17"), ["--tool-opt=sn=17"]),
        (Flasher("stm32cubeprogrammer", "17", "BOOT-SERIAL"), []),
        (Flasher("esp32", "/dev/ttyUSB0"), ["--esp-device", "/dev/ttyUSB0"]),
        (Flasher("linkserver", "#1"), ["--probe=#1"]),
    ],
)
def test_runners_are_told_which_board(flasher: Flasher, options: list[str]) -> None:
    assert flasher.options() == ["--runner", flasher.runner, *options]


def test_flashing_that_takes_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    west = tmp_path / "west"
    west.write_text("#!/bin/sh\necho connecting\nsleep 30\n")
    west.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(RunError, match=r"17 could not be flashed: west was still running after 0\.5 s") as caught:
        flash(tmp_path, Flasher("jlink", "17"), timeout_s=0.5)
    assert "connecting" in caught.value.log
