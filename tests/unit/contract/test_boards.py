"""Every target that MLForge can run is a board that a contract may name, by the same name."""

from __future__ import annotations

import pytest

from mlforge.contract.boards import ALIASES, CLOCK_HZ, canonical
from mlforge.contract.products import BY_CORE, advice, measuring_board
from mlforge.targets.registry import all_targets


@pytest.mark.parametrize("name", [target.name for target in all_targets() if target.measures])
def test_targets_can_be_named(name: str) -> None:
    assert canonical(name) == name


def test_aliases_lead_to_boards() -> None:
    assert all(canonical(alias) == board for alias, board in ALIASES.items())
    assert not set(ALIASES) & set(CLOCK_HZ)
    assert canonical("no/such") is None


@pytest.mark.parametrize(
    ("product", "board"),
    [
        ("nrf52840dk/nrf52840", "mps2/an386"),
        ("nrf5340dk/nrf5340/cpuapp", "mps2/an521"),
        ("nrf54l15dk/nrf54l15/cpuapp", "mps2/an521"),
        ("nrf9160dk/nrf9160", "mps2/an521"),
        ("nrf51dk/nrf51822", "mps2/an385@cortex-m0"),
        ("nucleo_f401re", "mps2/an386"),
        ("nucleo_f103rb", "mps2/an385"),
        ("nucleo_l476rg", "mps2/an386"),
        ("nucleo_h743zi", "mps2/an500"),
        ("nucleo_g071rb", "mps2/an385@cortex-m0"),
        ("nucleo_wb55rg", "mps2/an386"),
        ("nucleo_wba55cg", "mps2/an521"),
        ("nucleo_u575zi_q", "mps2/an521"),
        ("b_u585i_iot02a", "mps2/an521"),
        ("stm32f4_disco", "mps2/an386"),
        ("stm32n6570_dk", "mps3/corstone300/an547"),
        ("rpi_pico", "mps2/an385@cortex-m0"),
        ("rpi_pico/rp2040/w", "mps2/an385@cortex-m0"),
        ("rpi_pico2/rp2350a/m33", "mps2/an521"),
        ("frdm_k64f", "mps2/an386"),
        ("frdm_mcxn947/mcxn947/cpu0", "mps2/an521"),
        ("mimxrt1060_evk", "mps2/an500"),
        ("teensy41", "mps2/an500"),
        ("arduino_nano_33_ble", "mps2/an386"),
        ("bbc_microbit_v2", "mps2/an386"),
        ("esp32c3_devkitm", "qemu_riscv32"),
        ("xiao_esp32c6", "qemu_riscv32"),
        ("esp32s3_devkitc", None),
        ("my_own_board", None),
    ],
)
def test_a_products_board_has_one_that_measures_for_it(product: str, board: str | None) -> None:
    assert measuring_board(product) == board
    assert board is None or canonical(board) == board
    assert product in advice(product)


def test_every_core_has_a_board() -> None:
    assert all(canonical(board) == board for board in BY_CORE.values())
    cores = {target.name: target.core for target in all_targets()}
    assert all(cores[board] == core for core, board in BY_CORE.items())
