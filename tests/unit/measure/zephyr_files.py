"""A Zephyr build directory with the lines that MLForge reads, recorded from Zephyr 4.1.0 for qemu_cortex_m3:
hello_world with MCUboot in front, in a slot of 96 KiB.
"""

from __future__ import annotations

from pathlib import Path

CONFIG = """\
# CONFIG_SRAM_VECTOR_TABLE is not set
CONFIG_FLASH_SIZE=256
CONFIG_FLASH_BASE_ADDRESS=0x0
CONFIG_ROM_START_OFFSET=0x200
CONFIG_XIP=y
CONFIG_USE_DT_CODE_PARTITION=y
CONFIG_FLASH_LOAD_OFFSET=0xc000
CONFIG_FLASH_LOAD_SIZE=0x18000
CONFIG_ROM_END_OFFSET=0
CONFIG_BOOTLOADER_MCUBOOT=y
CONFIG_MCUBOOT_BOOTLOADER_MODE_SWAP_USING_MOVE=y
CONFIG_SRAM_SIZE=64
CONFIG_BOARD="qemu_cortex_m3"
CONFIG_BOARD_TARGET="qemu_cortex_m3/ti_lm3s6965"
"""
DEVICETREE = """\
#define DT_N_S_memory_20000000_PATH "/memory@20000000"
#define DT_N_S_soc_S_flash_0_PATH "/soc/flash@0"
#define DT_N_S_soc_S_flash_0_P_write_block_size 4
#define DT_N_S_soc_S_flash_0_P_erase_block_size 1024
#define DT_N_S_soc_S_flash_0_REG_IDX_0_VAL_SIZE 262144 /* 0x40000 */
#define DT_N_S_soc_S_flash_0_S_partition_c000_PATH "/soc/flash@0/partition@c000"
#define DT_N_S_soc_S_flash_0_S_partition_24000_PATH "/soc/flash@0/partition@24000"
#define DT_N_S_soc_S_flash_0_S_partition_24000_REG_IDX_0_VAL_SIZE 98304 /* 0x18000 */
#define DT_N_NODELABEL_slot1_partition    DT_N_S_soc_S_flash_0_S_partition_24000
#define DT_CHOSEN_zephyr_sram               DT_N_S_memory_20000000
#define DT_CHOSEN_zephyr_sram_EXISTS        1
#define DT_CHOSEN_zephyr_flash              DT_N_S_soc_S_flash_0
#define DT_CHOSEN_zephyr_code_partition     DT_N_S_soc_S_flash_0_S_partition_c000
"""
MAP = """\
Discarded input sections

 .text          0x00000000        0x0 zephyr/CMakeFiles/offsets.dir/offsets.c.obj

Memory Configuration

Name             Origin             Length             Attributes
FLASH            0x0000c000         0x00018000         xr
RAM              0x20000000         0x00010000         xw
IDT_LIST         0xffff7fff         0x00008000         xw
*default*        0x00000000         0xffffffff

Linker script and memory map

RAM              0x00000000         0x00000001         not a region
"""


def write_build(directory: Path, *, without: str = "", **changes: str) -> Path:
    """The files, and the path of an image that is not there. `changes` replaces lines of Kconfig by their symbol."""
    config = {line.split("=")[0].removeprefix("CONFIG_"): line for line in CONFIG.splitlines() if "=" in line}
    config |= {symbol: f"CONFIG_{symbol}={value}" for symbol, value in changes.items()}
    files = {
        ".config": "".join(f"{line}\n" for line in config.values()),
        "include/generated/zephyr/devicetree_generated.h": DEVICETREE,
        "zephyr.map": MAP,
    }
    for name, text in files.items():
        if Path(name).name != without:
            path = directory / "zephyr" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return directory / "zephyr" / "zephyr.elf"
