"""Targets by name, and what is said of a machine that lacks tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlforge.errors import TargetUnavailableError
from mlforge.targets.registry import DEFAULT, all_targets, target_named
from mlforge.toolchain import requirements
from mlforge.toolchain.cores import CORES


def test_names_are_unique_and_found() -> None:
    names = [target.name for target in all_targets()]
    assert len(set(names)) == len(names)
    assert [target_named(name).name for name in names] == names


def test_aliases() -> None:
    assert target_named("baremetal").name == DEFAULT
    assert target_named("microbit").name == "bbc_microbit"
    assert target_named("qemu_cortex_m3").core == "cortex-m3"  # costed on a board that has room for the vectors


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(TargetUnavailableError, match="mps2/an386"):
        target_named("mps2/an999")


def test_every_core_is_in_the_table() -> None:
    assert {target.core for target in all_targets() if target.name != "host"} == set(CORES)


def test_an_empty_machine_is_unavailable_and_told_how(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for target in all_targets():
        assert "not installed" in (target.unavailable() or "")
    command = requirements.install_command(requirements.missing(optional=False))
    for package in ("gcc-arm-none-eabi", "libnewlib-arm-none-eabi", "qemu-system-arm"):
        assert package in command
    assert command.startswith("sudo apt-get install")


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ('ID=debian\nVERSION_ID="12"\n', "sudo apt-get install --no-install-recommends gcc libc6-dev"),
        ("ID=ubuntu\nID_LIKE=debian\n", "sudo apt-get install --no-install-recommends gcc libc6-dev"),
        ("ID=fedora\n", "sudo dnf install gcc glibc-devel"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"\n', "sudo dnf install gcc glibc-devel"),
    ],
)
def test_the_names_are_those_of_the_system(
    text: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "os-release").write_text(text)
    monkeypatch.setattr(requirements, "_OS_RELEASE", tmp_path / "os-release")
    compiler, headers = requirements.requirements()[:2]
    assert requirements.install_command((compiler, headers)) == command


def test_nothing_missing_is_no_command() -> None:
    assert requirements.install_command(()) == ""


@pytest.mark.parametrize(
    ("board", "measured_on"),
    [("nrf52840dk/nrf52840", "mps2/an386"), ("nucleo_g071rb", "mps2/an385@cortex-m0"), ("mps2/an386", "mps2/an386")],
)
def test_a_board_of_zephyrs_is_measured_on_the_one_with_its_core(board: str, measured_on: str) -> None:
    assert target_named(board).name == measured_on


@pytest.mark.parametrize("board", ["nrf52840dk", "esp32s3_devkitm/esp32s3/procpu", "no_such_board"])
def test_a_board_that_nothing_stands_for(board: str) -> None:
    with pytest.raises(TargetUnavailableError, match=f"no such target: {board}"):
        target_named(board)
