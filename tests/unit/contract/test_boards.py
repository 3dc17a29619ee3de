"""Every target that MLForge can run is a board that a contract may name, by the same name."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlforge.contract.boards import ALIASES, CLOCK_HZ, canonical
from mlforge.contract.describe import describe, stand_in
from mlforge.contract.load import load_contract
from mlforge.contract.products import BY_CORE, ZephyrBoard, all_names, measured_names, zephyr_boards
from mlforge.targets.registry import all_targets


@pytest.mark.parametrize("name", [target.name for target in all_targets() if target.measures])
def test_targets_can_be_named(name: str) -> None:
    assert canonical(name) == name


def test_aliases_lead_to_boards() -> None:
    assert all(canonical(alias) == board for alias, board in ALIASES.items())
    assert not set(ALIASES) & set(CLOCK_HZ)
    assert canonical("no/such") is None


KIB = 1024


@pytest.mark.parametrize(
    ("name", "board", "measured_on"),
    [
        (
            "nrf52840dk/nrf52840",
            ZephyrBoard("nrf52840dk/nrf52840", "cortex-m4f", 64_000_000, 1024 * KIB, 256 * KIB),
            "mps2/an386",
        ),
        (
            "nucleo_f401re",
            ZephyrBoard("nucleo_f401re/stm32f401xe", "cortex-m4f", 84_000_000, 512 * KIB, 96 * KIB),
            "mps2/an386",
        ),
        (
            "rpi_pico",
            ZephyrBoard("rpi_pico/rp2040", "cortex-m0+", 125_000_000, 2048 * KIB, 264 * KIB),
            "mps2/an385@cortex-m0",
        ),
        ("esp32c3_devkitm", ZephyrBoard("esp32c3_devkitm/esp32c3", "rv32imc", 160_000_000), "qemu_riscv32"),
        (
            "nucleo_h743zi/stm32h743xx",
            ZephyrBoard("nucleo_h743zi/stm32h743xx", "cortex-m7", 480_000_000, 2048 * KIB, 512 * KIB),
            "mps2/an500",
        ),
        (
            "frdm_mcxn947/mcxn947/cpu0",
            ZephyrBoard("frdm_mcxn947/mcxn947/cpu0", "cortex-m33", 150_000_000, 2 << 20, 320 * KIB),
            "mps2/an521",
        ),
        (
            "mimxrt1060_evk@A/mimxrt1062/qspi",
            ZephyrBoard("mimxrt1060_evk@A/mimxrt1062/qspi", "cortex-m7", 600_000_000, 8 << 20, 32 << 20),
            "mps2/an500",
        ),
    ],
)
def test_a_board_of_zephyrs_has_one_that_measures_for_it(name: str, board: ZephyrBoard, measured_on: str) -> None:
    assert zephyr_boards(name) == (board,)
    assert board.measured_on == measured_on


GOOD = Path(__file__).parents[2] / "corpus" / "contracts" / "good" / "board-of-zephyr.yaml"


def test_what_a_contract_does_not_say_its_board_does(tmp_path: Path) -> None:
    contract = load_contract(GOOD)
    assert (contract.target.board, contract.target.product) == ("mps2/an386", "nrf52840dk/nrf52840")
    assert contract.target.clock_hz == 64_000_000
    assert (contract.limits.flash_bytes, contract.limits.ram_bytes) == (1024 * KIB, 256 * KIB)
    said = {setting.key: (setting.text, setting.source) for setting in describe(contract)}
    assert said["limits.ram"] == ("256 KiB", "what nrf52840dk/nrf52840 has")
    assert said["limits.stack"][1] == "not in the contract"
    assert said["target.clock"] == ("64 MHz", "default clock of nrf52840dk/nrf52840")
    assert "measured on mps2/an386" in said["target.board"][0]
    assert stand_in(contract) == "costs on nrf52840dk/nrf52840 (cortex-m4f) are measured on the emulated mps2/an386"
    asked = tmp_path / "mlforge.yaml"
    text = (
        GOOD.read_text()
        .replace("5 ms", "5 ms, flash: 32 KiB, ram: auto")
        .replace("nrf52840}", "nrf52840, clock: 32 MHz}")
    )
    asked.write_text(text)
    contract = load_contract(asked)
    assert (contract.limits.flash_bytes, contract.limits.ram_bytes) == (32 * KIB, None)
    assert contract.target.clock_hz == 32_000_000
    asked.write_text(GOOD.read_text().replace("nrf52840dk/nrf52840", "rpi_pico"))
    assert stand_in(load_contract(asked)).endswith(
        "the emulated mps2/an385@cortex-m0, as those of a cortex-m0; by CoreMark, a cortex-m0+ takes about 0.95 times "
        "the cycles"
    )
    asked.write_text(GOOD.read_text().replace("nrf52840dk/nrf52840", "mps2/an386"))
    assert stand_in(load_contract(asked)) == ""


def test_a_name_may_mean_several_boards_or_none() -> None:
    assert [board.name for board in zephyr_boards("nrf52840dk")] == ["nrf52840dk/nrf52811", "nrf52840dk/nrf52840"]
    assert zephyr_boards("my_own_board") == zephyr_boards("") == zephyr_boards("nrf52840dk/") == ()
    assert zephyr_boards("no/such@1.2/either") == ()
    assert [board.name for board in zephyr_boards("stm32f411e_disco")] == ["stm32f411e_disco/stm32f411xe"]
    assert [board.name for board in zephyr_boards("legend@25ssd")] == ["legend@25ssd/stm32f070xb"]


def test_every_spelling_means_one_board() -> None:
    names = measured_names()
    assert {"nrf52840dk/nrf52840", "nucleo_f401re", "nucleo_f401re/stm32f401xe", "rpi_pico"} <= set(names)
    assert not {"nrf52840dk", "esp32s3_devkitm/esp32s3/procpu"} & set(names)
    some = names[::17]
    assert all(len(found := zephyr_boards(name)) == 1 and found[0].measured_on for name in some)


def test_what_the_table_says_makes_sense() -> None:
    """Each row can be used: by its full name, with a clock that a contract may say."""
    boards = [board for name in all_names() for board in zephyr_boards(name)]
    assert [board.name for board in boards] == list(all_names()) == sorted(set(all_names()))
    assert all(board.clock_hz is None or 1_000_000 < board.clock_hz < 4_000_000_000 for board in boards)
    assert all(board.measured_on in ("", *BY_CORE.values()) for board in boards)
    assert not [board for board in boards if board.core.startswith("cortex-m") and not board.measured_on]
    measured = [board for board in boards if board.measured_on]
    assert len(measured) > 600
    silent = [board.name for board in measured if board.clock_hz is None]  # most of them are emulators themselves
    assert len(silent) <= 40, silent


def test_every_core_has_a_board() -> None:
    assert all(canonical(board) == board for board in BY_CORE.values())
    cores = {target.name: target.core for target in all_targets()}
    assert all(cores[board] == core for core, board in BY_CORE.items())
