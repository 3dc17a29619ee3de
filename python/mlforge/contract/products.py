"""Which emulated board measures for a product's board: the one with its core, as far as the board's name tells.

A Zephyr board's name usually holds its chip (`nrf52840dk/nrf52840`, `nucleo_f401re`), and the chip's family says which
core it has: by the manufacturers' product pages. Names that do not are in the list by themselves. Only used for advice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

# The core of each family, and the board that stands for it; a Cortex-M0+ runs the code of a Cortex-M0.
BY_CORE: Final[Mapping[str, str]] = {
    "cortex-m0": "mps2/an385@cortex-m0",
    "cortex-m3": "mps2/an385",
    "cortex-m4": "mps2/an386",
    "cortex-m7": "mps2/an500",
    "cortex-m33": "mps2/an521",
    "cortex-m55": "mps3/corstone300/an547",
    "rv32imac": "qemu_riscv32",
}
_STM32: Final[Mapping[str, str]] = {
    "cortex-m0": "f0|l0|g0|c0|u0",
    "cortex-m3": "f1|f2|l1",
    "cortex-m4": "f3|f4|g4|l4|wb(?!a)|wl|mp1",
    "cortex-m7": "f7|h7(?!rs)|h7rs",
    "cortex-m33": "l5|u5|u3|h5|wba",
    "cortex-m55": "n6",
}
_FAMILIES: Final[Mapping[str, str]] = {
    "cortex-m0": r"nrf51|rp2040|rpi_pico(?!2)|samd2[01]|saml21|arduino_zero|kl2[0-9]z|lpcxpresso11|cy8cproto_04",
    "cortex-m3": r"sam3x|arduino_due|cc13[15]0|cc2650|efm32gg_stk|lpc17|stm32vl",
    "cortex-m4": r"nrf52|nano_33_ble|xiao_ble|thingy52|microbit_v2|frdm_k|twr_k|hexiwear|same5|samd5|sam4|apollo[34]|"
    r"uno_r4|max326|max78|cc13x2|cc26x2|cc1352|cc2652|ek_ra4m1|ek_ra6m[123]|efr32(?:mg|bg|fg)1|psoc6|"
    r"cy8ckit_062|lpcxpresso54|disco_l475|stm32l496g_disco|96b_carbon|teensy3|msp_exp432|v2m_mps2_an386|particle_(?:argon|boron|xenon)",
    "cortex-m7": r"mimxrt1|imxrt1|same70|samv71|portenta_h7|giga_r1|teensy4|nicla_vision|kv5|s32k3|xmc7",
    "cortex-m33": r"nrf53|nrf54l|nrf91|thingy53|thingy91|rpi_pico2|rp2350|lpcxpresso55|lpc55|mcx[nac]|mcxw|"
    r"ek_ra[468]m[45]|ek_ra4e|ek_ra6e|efr32(?:mg|bg|fg)2|xg2[0-9]|slwrb|siwx91|"
    r"da1469|mimxrt[56]|musca|b_u585|b_l562|xiao_nrf54",
    "cortex-m55": r"apollo510|alif|ensemble|ek_ra8|cortex_m85|corstone|mps4",
    "rv32imac": r"riscv|esp32(?:_)?[ch]\d|hifive1|gd32v|longan|neorv32|litex|ch32v",
}


def measuring_board(product: str) -> str | None:
    """The emulated board with the core of a Zephyr board; None where the name does not tell."""
    name = product.lower()
    for core, families in _STM32.items():
        if re.search(rf"(?:stm32|nucleo_|disco_|discovery_|b_){{1}}(?:{families})", name):
            return BY_CORE[core]
    for core, families in _FAMILIES.items():
        if re.search(families, name):
            return BY_CORE[core]
    return None


def advice(product: str) -> str:
    """What to write in a contract for a product whose board is not emulated."""
    board = measuring_board(product)
    if board:
        return f"{{board: {board}, product: {product}}}: an emulated board measures, here the one with that core"
    cores = ", ".join(f"{board} ({core})" for core, board in BY_CORE.items())
    return f"an emulated board with the product's core: {cores}; and `product: {product}` beside it"
